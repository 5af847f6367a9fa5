{{/* All the operator asks of the API server, but for its lease and its webhook's keys. ConfigMaps and Secrets are read where `config` says so, and nowhere else. */}}

{{- define "gracefulservice.rights" -}}
# The services it looks after. `patch` is for its finalizer; the spec is never written.
- apiGroups: [gracefulservice.dev]
  resources: [gracefulservices]
  verbs: [get, list, watch, patch]
- apiGroups: [gracefulservice.dev]
  resources: [gracefulservices/status]
  verbs: [patch]
# Where OwnerReferencesPermissionEnforcement is on, being a child's owner needs this right.
- apiGroups: [gracefulservice.dev]
  resources: [gracefulservices/finalizers]
  verbs: [update]
# The pods of a revision: a Deployment is made and deleted, and in between only scaled. `patch` is for the end of a
# service whose pods outlive it: they lose their owner.
- apiGroups: [apps]
  resources: [deployments]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [apps]
  resources: [deployments/scale]
  verbs: [patch]
# The record of a revision, whose marks change.
- apiGroups: [apps]
  resources: [controllerrevisions]
  verbs: [get, list, create, patch, delete]
- apiGroups: [""]
  resources: [services]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [policy]
  resources: [poddisruptionbudgets]
  verbs: [get, list, create, patch, delete]
# What is only looked at. A namespace is, when a service in it is deleted: where it goes as a whole nothing is waited for.
- apiGroups: [""]
  resources: [namespaces]
  verbs: [get]
# An autoscaler is led to a service that adopts what it scaled, and back; pods of what is adopted get labels.
- apiGroups: [autoscaling]
  resources: [horizontalpodautoscalers]
  verbs: [list, patch]
- apiGroups: [""]
  resources: [pods]
  verbs: [list, watch, patch]
- apiGroups: [discovery.k8s.io]
  resources: [endpointslices]
  verbs: [list, watch]
# The weights in people's routes, and routes of its own, which alone are made and deleted.
- apiGroups: [gateway.networking.k8s.io]
  resources: [httproutes]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [""]
  resources: [events]
  verbs: [create]
{{- if .Values.config.configMaps }}
# What `spec.config` names is read, and its copies are made, found by label, left to pods that outlive their service, and
# deleted. Which ConfigMaps these are cannot be told beforehand.
- apiGroups: [""]
  resources: [configmaps]
  verbs: [get, list, create, patch, delete]
{{- end }}
{{- if .Values.config.secrets }}
- apiGroups: [""]
  resources: [secrets]
  verbs: [get, list, create, patch, delete]
{{- end }}
{{- end }}
