{{/* What the schema cannot say, as it compares values with each other. */}}

{{- define "sluice.checks" -}}
{{- $ports := dict "http" .Values.clients.ports.http "https" .Values.clients.ports.https "tcp" .Values.clients.ports.tcp "tcpTls" .Values.clients.ports.tcpTls }}
{{- $names := dict }}
{{- range $name := list "http" "https" "tcp" "tcpTls" }}
{{- with get $ports $name }}{{ include "sluice.port" (dict "taken" $names "number" . "name" (printf "clients.ports.%s" $name)) }}{{ end }}
{{- end }}
{{- include "sluice.port" (dict "taken" $names "number" .Values.control.port "name" "control.port") }}
{{- include "sluice.port" (dict "taken" $names "number" .Values.metrics.port "name" "metrics.port") }}
{{- with .Values.autoscaling }}
{{- if and .enabled (gt (int .minReplicas) (int .maxReplicas)) }}{{ fail (printf "autoscaling.minReplicas is %d; at most maxReplicas, %d, was expected" (int .minReplicas) (int .maxReplicas)) }}{{ end }}
{{- end }}
{{- with dig "rollingUpdate" dict (.Values.strategy | default dict) }}
{{- if and (has (toString .maxSurge) (list "0" "0%")) (has (toString .maxUnavailable) (list "0" "0%")) }}{{ fail "strategy.rollingUpdate: maxSurge and maxUnavailable are both 0, so no pod could be replaced; one of them above 0 was expected" }}{{ end }}
{{- end }}
{{- if .Values.existingSecret }}
{{- range $key, $value := .Values.secrets }}
{{- if $value }}{{ fail (printf "secrets.%s is set and so is existingSecret, which would be used alone; one of them was expected" $key) }}{{ end }}
{{- end }}
{{- end }}
{{- end }}

{{- define "sluice.port" -}}
{{- $number := toString (int .number) }}
{{- with get .taken $number }}{{ fail (printf "%s is %s, as %s is; ports that differ were expected" $.name $number .) }}{{ end }}
{{- $_ := set .taken $number .name }}
{{- end }}
