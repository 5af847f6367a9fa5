"""The kinds of objects the operator touches, where each lives in the API, and how one object is named."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from gracefulservice.api import names

Object = dict[str, Any]
"""A Kubernetes object (or a part of one) as JSON says it."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of object. `api_version` as in manifests (`v1`, `apps/v1`), `plural` as in URLs."""

    api_version: str
    name: str
    plural: str

    @property
    def group(self) -> str:
        """`apps` of `apps/v1`; the empty string for the core group."""
        return self.api_version.rpartition("/")[0]

    @property
    def version(self) -> str:
        """`v1` of `apps/v1`."""
        return self.api_version.rpartition("/")[2]

    @property
    def root(self) -> str:
        """The path under which this kind's group and version is served."""
        return f"/apis/{self.api_version}" if self.group else f"/api/{self.api_version}"

    def collection(self, namespace: str | None) -> str:
        """The path of all objects of this kind, in one namespace or (None) in all of them."""
        scope = "" if namespace is None else f"/namespaces/{quote(namespace, safe='')}"
        return f"{self.root}{scope}/{self.plural}"

    def of(self, manifest: Object) -> "Ref":
        """The object of this kind that a manifest describes."""
        return Ref(self, manifest["metadata"]["namespace"], manifest["metadata"]["name"])


@dataclass(frozen=True, slots=True)
class Ref:
    """One object by kind, namespace and name, whether it exists or not. No namespace: an object of the cluster."""

    kind: Kind
    namespace: str
    name: str

    def __str__(self) -> str:
        """How sentences name it."""
        place = f"{self.namespace}/" if self.namespace else ""
        return f"{self.kind.name} {place}{self.name}"

    @property
    def path(self) -> str:
        """Where it lives in the API."""
        return f"{self.kind.collection(self.namespace or None)}/{quote(self.name, safe='')}"


GRACEFUL_SERVICE = Kind(names.API_VERSION, names.KIND, names.PLURAL)
DEPLOYMENT = Kind("apps/v1", "Deployment", "deployments")
CONTROLLER_REVISION = Kind("apps/v1", "ControllerRevision", "controllerrevisions")
SERVICE = Kind("v1", "Service", "services")
POD = Kind("v1", "Pod", "pods")
NODE = Kind("v1", "Node", "nodes")
EVENT = Kind("v1", "Event", "events")
ENDPOINT_SLICE = Kind("discovery.k8s.io/v1", "EndpointSlice", "endpointslices")
HORIZONTAL_POD_AUTOSCALER = Kind("autoscaling/v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers")
POD_DISRUPTION_BUDGET = Kind("policy/v1", "PodDisruptionBudget", "poddisruptionbudgets")
NAMESPACE = Kind("v1", "Namespace", "namespaces")
LEASE = Kind("coordination.k8s.io/v1", "Lease", "leases")
CONFIG_MAP = Kind("v1", "ConfigMap", "configmaps")
SECRET = Kind("v1", "Secret", "secrets")
WEBHOOK = Kind("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", "validatingwebhookconfigurations")
HTTP_ROUTE = Kind("gateway.networking.k8s.io/v1", "HTTPRoute", "httproutes")
