{{/* What the chart calls its objects. */}}

{{- define "gracefulservice.name" -}}
{{- if contains .Chart.Name .Release.Name }}{{ .Release.Name }}{{ else }}{{ .Release.Name }}-{{ .Chart.Name }}{{ end }}
{{- end }}

{{/* Of what belongs to the whole cluster: two releases of one name have namespaces of their own. */}}
{{- define "gracefulservice.webhook" -}}
{{ include "gracefulservice.name" . }}-{{ .Release.Namespace }}
{{- end }}

{{- define "gracefulservice.account" -}}
{{- if or .Values.serviceAccount.create .Values.serviceAccount.name -}}
{{ .Values.serviceAccount.name | default (include "gracefulservice.name" .) }}
{{- else -}}
{{ fail "serviceAccount.name must name the service account that exists, because serviceAccount.create is false." }}
{{- end }}
{{- end }}

{{- define "gracefulservice.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "gracefulservice.labels" -}}
{{ include "gracefulservice.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "gracefulservice.image" -}}
{{- with .Values.image -}}
{{ .repository }}{{ if .digest }}@{{ .digest }}{{ else }}:{{ .tag | default $.Chart.AppVersion }}{{ end }}
{{- end }}
{{- end }}

{{- define "gracefulservice.scrape" -}}
prometheus.io/scrape: "true"
prometheus.io/port: {{ .Values.metrics.port | quote }}
prometheus.io/path: /metrics
{{- end }}
