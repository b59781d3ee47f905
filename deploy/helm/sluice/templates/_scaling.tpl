{{/* How fast pods come and go, alike for both kinds of autoscaler. */}}
{{- define "sluice.scaling" -}}
scaleUp:
  stabilizationWindowSeconds: 0
  policies:
    - {type: Percent, value: 100, periodSeconds: 60}
scaleDown:
  stabilizationWindowSeconds: {{ .Values.autoscaling.scaleDownQuietSeconds }}
  policies:
    # One pod after the other: the next one leaves when the last has surely drained.
    - type: Pods
      value: 1
      periodSeconds: {{ max .Values.autoscaling.scaleDownPodSeconds (include "sluice.graceSeconds" . | int) | min 1800 }}
{{- end }}
