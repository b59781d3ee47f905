{{/* The gateway's options. What is secret is not among them: it comes by files and variables (_pod.tpl). */}}

{{/* The options that the chart sets, as a map. */}}
{{- define "sluice.options" -}}
{{- $options := dict
      "listen" (list (printf "[::]:%v" .Values.clients.ports.http))
      "admin" (printf "[::]:%v" .Values.metrics.port)
      "drain-delay-seconds" .Values.drain.delaySeconds
      "drain-seconds" .Values.drain.seconds }}
{{- with .Values.clients.ports }}
{{- if .https }}{{ $_ := set $options "listen-tls" (list (printf "[::]:%v" .https)) }}{{ end }}
{{- if .tcp }}{{ $_ := set $options "listen-tcp" (list (printf "[::]:%v" .tcp)) }}{{ end }}
{{- if .tcpTls }}{{ $_ := set $options "listen-tcp-tls" (list (printf "[::]:%v" .tcpTls)) }}{{ end }}
{{- if .udp }}{{ $_ := set $options "listen-udp" (list (printf "[::]:%v" .udp)) }}{{ end }}
{{- end }}
{{- if .Values.clients.tls.existingSecret }}
{{- $_ := set $options "tls-cert" (list "/etc/sluice/tls/tls.crt") }}
{{- $_ := set $options "tls-key" (list "/etc/sluice/tls/tls.key") }}
{{- end }}
{{- include "sluice.options.control" (list . $options) }}
{{- if eq .Values.broker "nats" }}{{ include "sluice.options.nats" (list . $options) }}{{ end }}
{{- toYaml (merge $options .Values.options) }}
{{- end }}

{{- define "sluice.options.control" -}}
{{- $root := index . 0 }}{{ $options := index . 1 }}
{{- with $root.Values.control }}
{{- if .enabled }}
{{- $_ := set $options "grpc" (printf "[::]:%v" .port) }}
{{- if .insecure }}
{{- $_ := set $options "insecure-control" true }}
{{- else if or $root.Values.existingSecret $root.Values.secrets.callers }}
{{- $_ := set $options "callers" "/etc/sluice/secrets/callers" }}
{{- end }}
{{- if .callerTokens }}{{ $_ := set $options "caller-tokens" true }}{{ end }}
{{- if .tls.existingSecret }}
{{- $_ := set $options "grpc-tls-cert" "/etc/sluice/grpc-tls/tls.crt" }}
{{- $_ := set $options "grpc-tls-key" "/etc/sluice/grpc-tls/tls.key" }}
{{- if .tls.clientCa }}{{ $_ := set $options "grpc-client-ca" "/etc/sluice/grpc-tls/ca.crt" }}{{ end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- define "sluice.options.nats" -}}
{{- $root := index . 0 }}{{ $options := index . 1 }}
{{- $_ := set $options "broker" "nats" }}
{{- $_ := set $options "secret-file" "/etc/sluice/secrets/cluster-secret" }}
{{- with $root.Values.nats }}
{{- $name := printf "%s-%s" $root.Release.Namespace (include "sluice.fullname" $root) }}
{{- $_ := set $options "cluster-name" (default ($name | trunc 64) .clusterName) }}
{{- $_ := set $options "stream-replicas" .streamReplicas }}
{{- $_ := set $options "stream-storage" .streamStorage }}
{{- $_ := set $options "stream-bytes-max" .streamBytesMax }}
{{- if .server.enabled }}
{{- $_ := set $options "nats-url" (list (printf "nats://%s-nats:4222" (include "sluice.fullname" $root))) }}
{{- else }}
{{- $_ := set $options "nats-url" .urls }}
{{- if eq .auth "credentials" }}{{ $_ := set $options "nats-credentials" "/etc/sluice/nats/credentials" }}{{ end }}
{{- if .tls.ca }}{{ $_ := set $options "nats-ca" "/etc/sluice/nats/ca.crt" }}{{ end }}
{{- if .tls.certificate }}
{{- $_ := set $options "nats-cert" "/etc/sluice/nats/tls.crt" }}
{{- $_ := set $options "nats-key" "/etc/sluice/nats/tls.key" }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* As arguments of the container, so that pods of an older revision, which may yet be started, keep the options that they
had: a file in a ConfigMap would change below them. */}}
{{- define "sluice.arguments" -}}
{{- range $name, $value := include "sluice.options" . | fromYaml }}
{{- range (ternary $value (list $value) (kindIs "slice" $value)) }}
- {{ printf "--%s=%s" $name (include "sluice.text" .) | replace "$(" "$$(" | quote }}
{{- end }}
{{- end }}
{{- end }}

{{/* A whole number stays one: values are floats to Helm. */}}
{{- define "sluice.text" -}}
{{- if not (kindIs "float64" .) }}{{ . }}{{ else if eq . (floor .) }}{{ int64 . }}{{ else }}{{ toJson . }}{{ end }}
{{- end }}

{{/* What may change while a pod runs, as TOML, whose strings and lists are written as JSON's. */}}
{{- define "sluice.live" -}}
{{- range $name, $value := .Values.live }}
{{ $name }} = {{ if kindIs "float64" $value }}{{ include "sluice.text" $value }}{{ else }}{{ toJson $value }}{{ end }}
{{- end }}
{{- end }}

{{/* The most replicas that there may be. */}}
{{- define "sluice.replicasMax" -}}
{{- if .Values.autoscaling.enabled }}{{ .Values.autoscaling.maxReplicas }}{{ else }}{{ .Values.replicas }}{{ end }}
{{- end }}

{{/* Which files of the release's Secret are there. */}}
{{- define "sluice.secretFiles" -}}
{{- $options := include "sluice.options" . | fromYaml }}
{{- $files := list }}
{{- if $options.callers }}{{ $files = append $files "callers" }}{{ end }}
{{- if eq .Values.broker "nats" }}{{ $files = append $files "cluster-secret" }}{{ end }}
{{- toJson $files }}
{{- end }}

{{/* Longer than delay and drain: a client may take 5 seconds to answer a close, and the last bytes have to leave. */}}
{{- define "sluice.graceSeconds" -}}
{{- addf .Values.drain.delaySeconds .Values.drain.seconds 15 | ceil | int64 }}
{{- end }}
