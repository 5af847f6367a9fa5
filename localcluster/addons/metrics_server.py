"""metrics-server: what pods and nodes use of processor and memory, which autoscalers go by."""

from collections.abc import Mapping

from localcluster.addons.rendering import manifest
from localcluster.cluster import Cluster
from localcluster.release import PATIENCE


def install(cluster: Cluster, images: Mapping[str, str]) -> None:
    """Bring metrics-server to what is wanted; ``await_answer`` waits until it is."""
    cluster.kubectl_output("apply", "--filename", "-", stdin=manifest("metrics-server", images))


def await_answer(cluster: Cluster) -> None:
    """Return once the API server has usage to tell: some seconds after two looks at every kubelet."""
    deployment = ("--namespace", "kube-system", "deployment/metrics-server")
    cluster.kubectl_output("rollout", "status", *deployment, f"--timeout={PATIENCE}")
    service = ("wait", "apiservice/v1beta1.metrics.k8s.io")
    cluster.kubectl_output(*service, "--for=condition=Available", f"--timeout={PATIENCE}")
