"""The kind configuration: the repository's kind-config.yaml, with what this machine needs on top."""

import re

from localcluster.errors import Failure
from localcluster.machine import Machine

OLD_CONTROL_GROUPS = """\
  apiVersion: kubelet.config.k8s.io/v1beta1
  kind: KubeletConfiguration
  failCgroupV1: false
"""

UNCHANGED_OOM_SCORES = """\
  [plugins."io.containerd.grpc.v1.cri"]
    restrict_oom_score_adj = true
"""


def render(base: str, nodes: int, here: Machine, *, own_pod_network: bool) -> str:
    """The configuration for ``nodes`` nodes (the first is the control plane) on this machine.

    ``base`` is the text of kind-config.yaml; ``own_pod_network`` is for node images that bring none.
    """
    if nodes < 1:
        raise Failure(f"A cluster has at least one node, and {nodes} are asked for.")
    sections = {**parse(base), "nodes": _nodes(nodes)}
    for name, text in _patches(here, own_pod_network).items():
        if name in sections:
            raise Failure(f"kind-config.yaml sets {name}, which is generated for each machine; remove it there.")
        sections[name] = text
    return "".join(f"{name}:{text}" for name, text in sections.items())


def parse(text: str) -> dict[str, str]:
    """The top-level fields of a YAML mapping in block style, each with its text as it stands."""
    without_comments = re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE)
    words = re.split(r"^([A-Za-z]+):", without_comments, flags=re.MULTILINE)
    if words[0].strip():
        raise Failure(f"kind-config.yaml does not start with a field but with {words[0].strip()!r}.")
    return dict(zip(words[1::2], words[2::2], strict=True))


def cluster_name(base: str) -> str:
    """The cluster's name in kind-config.yaml."""
    return parse(base).get("name", "kind").strip()


def _nodes(count: int) -> str:
    roles = ["control-plane", *["worker"] * (count - 1)]
    return "\n" + "".join(f"- role: {role}\n" for role in roles)


def _patches(here: Machine, own_pod_network: bool) -> dict[str, str]:
    patches = {}
    if own_pod_network:
        patches["networking"] = "\n  disableDefaultCNI: true\n"
    if here.cgroup_v1:
        patches["kubeadmConfigPatches"] = f"\n- |\n{OLD_CONTROL_GROUPS}"
    if not here.raises_limits:
        patches["containerdConfigPatches"] = f"\n- |\n{UNCHANGED_OOM_SCORES}"
    return patches
