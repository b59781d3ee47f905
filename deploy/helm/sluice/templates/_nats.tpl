{{/* The small NATS that a release may have of its own. */}}

{{- define "sluice.nats.name" -}}
{{ include "sluice.fullname" . }}-nats
{{- end }}

{{/* Not empty if there is one. */}}
{{- define "sluice.nats.isInstalled" -}}
{{- if and (eq .Values.broker "nats") .Values.nats.server.enabled }}yes{{ end }}
{{- end }}

{{- define "sluice.nats.config" -}}
server_name: $POD_NAME
listen: "0.0.0.0:4222"
http: "0.0.0.0:8222"
jetstream: {
  store_dir: "/data"
  max_memory_store: 128MB
  max_file_store: {{ .Values.nats.server.storage.size | replace "i" "iB" }}
}
authorization: {user: sluice, password: $NATS_PASSWORD}
{{- if gt (int .Values.nats.server.replicas) 1 }}
cluster: {
  name: {{ include "sluice.nats.name" . }}
  listen: "0.0.0.0:6222"
  authorization: {user: peer, password: $NATS_PASSWORD}
}
{{- end }}
{{- end }}

{{/* Where the servers find each other. NATS puts no variable into a text; Kubernetes does, into arguments. */}}
{{- define "sluice.nats.routes" -}}
{{- $routes := list }}
{{- $name := include "sluice.nats.name" . }}
{{- range until (int .Values.nats.server.replicas) }}
{{- $routes = append $routes (printf "nats://peer:$(NATS_PASSWORD)@%s-%d.%s-peers:6222" $name . $name) }}
{{- end }}
{{- join "," $routes }}
{{- end }}

{{/* The ports of an own NATS, for the network policy. */}}
{{- define "sluice.natsPorts" -}}
{{- $ports := list }}
{{- range .Values.nats.urls }}
{{- $ports = append $ports (regexFind "[0-9]+$" . | default "4222" | int) }}
{{- end }}
{{- $ports | uniq | toJson }}
{{- end }}
