{{/* What the operator shows its own Prometheus, and knows it by: Secrets, mounted as files that follow them. */}}

{{- define "gracefulservice.prometheus.directory" -}}
/etc/gracefulservice/prometheus
{{- end }}

{{/* setting: [Secret, key, file] */}}
{{- define "gracefulservice.prometheus.files" -}}
{{- with .Values.prometheus.auth.bearer }}{{ if .secret }}
bearer_token: {{ list .secret .key "token" | toJson }}
{{- end }}{{ end }}
{{- with .Values.prometheus.auth.basic }}{{ if .secret }}
username: {{ list .secret .usernameKey "username" | toJson }}
password: {{ list .secret .passwordKey "password" | toJson }}
{{- end }}{{ end }}
{{- with .Values.prometheus.tls.ca }}{{ if .secret }}
ca: {{ list .secret .key "ca.crt" | toJson }}
{{- end }}{{ end }}
{{- with .Values.prometheus.tls.client }}{{ if .secret }}
client_certificate: {{ list .secret .certificateKey "tls.crt" | toJson }}
client_key: {{ list .secret .privateKeyKey "tls.key" | toJson }}
{{- end }}{{ end }}
{{- end }}

{{- define "gracefulservice.prometheus.volume" -}}
name: prometheus
projected:
  sources:
  {{- range $setting, $from := include "gracefulservice.prometheus.files" . | fromYaml }}
  - secret:
      name: {{ index $from 0 }}
      items: [{key: {{ index $from 1 | quote }}, path: {{ index $from 2 }}}]
  {{- end }}
{{- end }}

{{- define "gracefulservice.prometheus.access" -}}
{{- $url := .Values.prometheus.url }}
{{- $bearer := .Values.prometheus.auth.bearer.secret }}
{{- $basic := .Values.prometheus.auth.basic.secret }}
{{- if and $bearer $basic }}
{{- fail (printf "prometheus.auth.bearer.secret (%s) and prometheus.auth.basic.secret (%s) cannot both be set, because there is one Authorization header." $bearer $basic) }}
{{- end }}
{{- range $name, $secret := dict "auth.bearer" $bearer "auth.basic" $basic "tls.ca" .Values.prometheus.tls.ca.secret "tls.client" .Values.prometheus.tls.client.secret }}
{{- if and $secret (not $url) }}
{{- fail (printf "prometheus.%s.secret (%s) needs prometheus.url, the Prometheus it is meant for." $name $secret) }}
{{- end }}
{{- if and $secret (hasPrefix "tls." $name) (not (hasPrefix "https://" $url)) }}
{{- fail (printf "prometheus.%s.secret (%s) needs prometheus.url to begin with https://; it is %s." $name $secret $url) }}
{{- end }}
{{- end }}
{{- end }}
