{{/* What the operator is told. Its own sentences about bad values come too late for `helm install`. */}}

{{- define "gracefulservice.environment" -}}
{{- include "gracefulservice.leaseTimes" . -}}
{{- include "gracefulservice.ports" . -}}
{{- include "gracefulservice.prometheus.access" . -}}
- name: GRACEFULSERVICE_POD_NAME
  valueFrom: {fieldRef: {fieldPath: metadata.name}}
- name: GRACEFULSERVICE_POD_UID
  valueFrom: {fieldRef: {fieldPath: metadata.uid}}
- name: GRACEFULSERVICE_POD_NAMESPACE
  valueFrom: {fieldRef: {fieldPath: metadata.namespace}}
{{- range $name, $value := include "gracefulservice.settings" . | fromYaml }}
- name: GRACEFULSERVICE_{{ $name | upper }}
  value: {{ $value | quote }}
{{- end }}
{{- end }}

{{- define "gracefulservice.settings" -}}
api_timeout: {{ .Values.requests.timeoutSeconds }}
audit_period: {{ .Values.auditSeconds }}
lease_duration: {{ .Values.leaderElection.durationSeconds }}
lease_name: {{ include "gracefulservice.name" . }}
lease_renew_within: {{ .Values.leaderElection.renewWithinSeconds }}
lease_retry: {{ .Values.leaderElection.retrySeconds }}
log_format: {{ .Values.logs.format }}
log_level: {{ .Values.logs.level }}
metrics_per_service: {{ .Values.metrics.perService }}
port: {{ .Values.metrics.port }}
{{- if .Values.webhook.enabled }}
webhook_configuration: {{ include "gracefulservice.webhook" . }}
webhook_port: {{ .Values.webhook.port }}
webhook_service: {{ include "gracefulservice.name" . }}-webhook
{{- end }}
stop_within: {{ .Values.stopWithinSeconds }}
workers: {{ .Values.workers }}
{{- with .Values.namespaces }}
namespaces: {{ join "," . }}
{{- end }}
prometheus_guards: {{ .Values.prometheus.guards }}
{{- with .Values.prometheus.url }}
prometheus_url: {{ . }}
{{- end }}
{{- range $setting, $from := include "gracefulservice.prometheus.files" . | fromYaml }}
prometheus_{{ $setting }}_file: {{ include "gracefulservice.prometheus.directory" $ }}/{{ index $from 2 }}
{{- end }}
{{- end }}

{{- define "gracefulservice.ports" -}}
{{- if and .Values.webhook.enabled (eq (int .Values.webhook.port) (int .Values.metrics.port)) }}
{{- fail (printf "webhook.port and metrics.port must differ; both are %v." .Values.webhook.port) }}
{{- end }}
{{- end }}

{{- define "gracefulservice.leaseTimes" -}}
{{- with .Values.leaderElection }}
{{- if ge (float64 .retrySeconds) (float64 .renewWithinSeconds) }}
{{- fail (printf "leaderElection.retrySeconds (%v) must be below leaderElection.renewWithinSeconds (%v)." .retrySeconds .renewWithinSeconds) }}
{{- end }}
{{- $last := addf .renewWithinSeconds $.Values.requests.timeoutSeconds }}
{{- if gt $last (float64 .durationSeconds) }}
{{- fail (printf "leaderElection.renewWithinSeconds (%v) and requests.timeoutSeconds (%v) together must not exceed leaderElection.durationSeconds (%v)." .renewWithinSeconds $.Values.requests.timeoutSeconds .durationSeconds) }}
{{- end }}
{{- end }}
{{- end }}
