{{- /* The name of a ConfigMap ends in a hash of its contents, the same that kustomize makes. */ -}}
{{- define "migrate.configName" -}}
{{- $workload := index .root.Values .workload | default dict -}}
{{- $data := dig "config" .config dict $workload -}}
{{- $hash := dict "kind" "ConfigMap" "name" "" "data" $data | toJson | sha256sum | trunc 10 -}}
{{- $hash = $hash | replace "0" "g" | replace "1" "h" | replace "3" "k" | replace "a" "m" | replace "e" "t" -}}
{{- printf "%s-%s" .config $hash -}}
{{- end -}}
