{{/* The parts of a gateway's pod. */}}

{{- define "sluice.ports" -}}
{{- range $name, $protocol := dict "http" "TCP" "https" "TCP" "tcp" "TCP" "tcpTls" "TCP" "udp" "UDP" }}
{{- with index $.Values.clients.ports $name }}
- {name: {{ include "sluice.portName" $name }}, containerPort: {{ . }}, protocol: {{ $protocol }}}
{{- end }}
{{- end }}
{{- if .Values.control.enabled }}
- {name: grpc, containerPort: {{ .Values.control.port }}, protocol: TCP}
{{- end }}
- {name: admin, containerPort: {{ .Values.metrics.port }}, protocol: TCP}
{{- end }}

{{- define "sluice.portName" -}}
{{ if eq . "tcpTls" }}tcp-tls{{ else }}{{ . }}{{ end }}
{{- end }}

{{/* Secrets that are not files. Optional ones are there if their Secret has the key. */}}
{{- define "sluice.env" -}}
{{- if or .Values.existingSecret .Values.secrets.tokenSecret }}
- name: SLUICE_TOKEN_SECRET
  valueFrom: {secretKeyRef: {name: {{ include "sluice.secretName" . }}, key: token-secret, optional: true}}
{{- end }}
{{- if eq .Values.broker "nats" }}
{{- if .Values.nats.server.enabled }}
- {name: SLUICE_NATS_USER, value: sluice}
- name: SLUICE_NATS_PASSWORD
  valueFrom: {secretKeyRef: {name: {{ include "sluice.secretName" . }}, key: nats-password}}
{{- else if eq .Values.nats.auth "password" }}
- name: SLUICE_NATS_USER
  valueFrom: {secretKeyRef: {name: {{ .Values.nats.existingSecret }}, key: user}}
- name: SLUICE_NATS_PASSWORD
  valueFrom: {secretKeyRef: {name: {{ .Values.nats.existingSecret }}, key: password}}
{{- else if eq .Values.nats.auth "token" }}
- name: SLUICE_NATS_TOKEN
  valueFrom: {secretKeyRef: {name: {{ .Values.nats.existingSecret }}, key: token}}
{{- end }}
{{- end }}
{{- with .Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Whole folders, never single files by subPath: what changes in a ConfigMap or Secret reaches the pod in folders alone. */}}
{{- define "sluice.mounts" -}}
- {name: config, mountPath: /etc/sluice/config, readOnly: true}
{{- if include "sluice.secretFiles" . | fromJsonArray }}
- {name: secrets, mountPath: /etc/sluice/secrets, readOnly: true}
{{- end }}
{{- if .Values.clients.tls.existingSecret }}
- {name: tls, mountPath: /etc/sluice/tls, readOnly: true}
{{- end }}
{{- if and .Values.control.enabled .Values.control.tls.existingSecret }}
- {name: grpc-tls, mountPath: /etc/sluice/grpc-tls, readOnly: true}
{{- end }}
{{- if include "sluice.natsFiles" . }}
- {name: nats, mountPath: /etc/sluice/nats, readOnly: true}
{{- end }}
{{- with .Values.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Mode 288 is octal 0440, which readers of YAML 1.2 take for another number: the user's group reads secrets, nobody else. */}}
{{- define "sluice.volumes" -}}
- name: config
  configMap: {name: {{ include "sluice.fullname" . }}}
{{- with include "sluice.secretFiles" . | fromJsonArray }}
- name: secrets
  secret:
    secretName: {{ include "sluice.secretName" $ }}
    defaultMode: 288
    items:
      {{- range . }}
      - {key: {{ . }}, path: {{ . }}}
      {{- end }}
{{- end }}
{{- with .Values.clients.tls.existingSecret }}
- name: tls
  secret: {secretName: {{ . }}, defaultMode: 288}
{{- end }}
{{- if .Values.control.enabled }}
{{- with .Values.control.tls.existingSecret }}
- name: grpc-tls
  secret: {secretName: {{ . }}, defaultMode: 288}
{{- end }}
{{- end }}
{{- if include "sluice.natsFiles" . }}
- name: nats
  secret: {secretName: {{ .Values.nats.existingSecret }}, defaultMode: 288}
{{- end }}
{{- with .Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Not empty if files of an own NATS are needed. */}}
{{- define "sluice.natsFiles" -}}
{{- with .Values.nats }}
{{- if and (eq $.Values.broker "nats") (not .server.enabled) (or (eq .auth "credentials") .tls.ca .tls.certificate) }}yes{{ end }}
{{- end }}
{{- end }}

{{- define "sluice.topologySpread" -}}
{{- range .Values.topologySpreadConstraints }}
- {{ toYaml . | nindent 2 | trim }}
  labelSelector:
    matchLabels:
      {{- include "sluice.selector" $ | nindent 6 }}
  matchLabelKeys: [pod-template-hash]
{{- end }}
{{- end }}
