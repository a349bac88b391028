{{- /* Name of the release's objects. Cut, because the pods of a set bear it in a label of 63 characters, with a hash of theirs. */ -}}
{{- define "embedstore.name" -}}
{{- if contains "embedstore" .Release.Name -}}
{{ .Release.Name | trunc 50 | trimSuffix "-" }}
{{- else -}}
{{ printf "%s-embedstore" .Release.Name | trunc 50 | trimSuffix "-" }}
{{- end -}}
{{- end -}}

{{- /* What tells the servers' pods from others; it can never change. */ -}}
{{- define "embedstore.selector" -}}
app.kubernetes.io/name: embedstore
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- /* Of every object. */ -}}
{{- define "embedstore.labels" -}}
{{ include "embedstore.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end -}}

{{- /* The secret that holds the connection string and the peer key. */ -}}
{{- define "embedstore.secret" -}}
{{ .Values.secret.name | default (include "embedstore.name" .) }}
{{- end -}}

{{- /* The claim of the durable folder. */ -}}
{{- define "embedstore.claim" -}}
{{ .Values.durable.existingClaim | default (include "embedstore.name" .) }}
{{- end -}}
