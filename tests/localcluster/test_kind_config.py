"""The kind configuration of each machine."""

from typing import Any

import pytest
import yaml

from localcluster import kind_config, lifecycle
from localcluster.errors import Failure
from localcluster.machine import Machine, has_capability

ORDINARY = Machine(raises_limits=True, cgroup_v1=False)
BASE = lifecycle.CONFIG.read_text()


def render(nodes: int = 2, here: Machine = ORDINARY, *, own_pod_network: bool = False) -> dict[str, Any]:
    rendered: dict[str, Any] = yaml.safe_load(kind_config.render(BASE, nodes, here, own_pod_network=own_pod_network))
    return rendered


def test_on_an_ordinary_machine_it_is_the_file_itself() -> None:
    assert render() == yaml.safe_load(BASE)


@pytest.mark.parametrize("nodes", [1, 2, 3, 5])
def test_the_first_node_is_the_control_plane(nodes: int) -> None:
    roles = [node["role"] for node in render(nodes)["nodes"]]
    assert roles == ["control-plane"] + ["worker"] * (nodes - 1)


def test_old_control_groups_are_allowed_only_where_they_are() -> None:
    (patch,) = render(here=Machine(raises_limits=True, cgroup_v1=True))["kubeadmConfigPatches"]
    assert yaml.safe_load(patch) == {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "failCgroupV1": False,
    }


def test_oom_scores_are_left_alone_where_they_cannot_be_lowered() -> None:
    (patch,) = render(here=Machine(raises_limits=False, cgroup_v1=False))["containerdConfigPatches"]
    assert patch.splitlines() == [
        '[plugins."io.containerd.grpc.v1.cri"]',
        "  restrict_oom_score_adj = true",
    ]


def test_our_node_image_comes_without_a_pod_network() -> None:
    assert render(own_pod_network=True)["networking"] == {"disableDefaultCNI": True}


def test_a_field_that_is_generated_may_not_be_in_the_file() -> None:
    with pytest.raises(Failure, match=r"kind-config\.yaml sets networking"):
        kind_config.render(BASE + "networking:\n  ipFamily: dual\n", 2, ORDINARY, own_pod_network=True)


def test_no_nodes_is_one_sentence() -> None:
    with pytest.raises(Failure, match="at least one node, and 0 are asked for"):
        render(0)


def test_the_cluster_has_the_name_in_the_file() -> None:
    assert kind_config.cluster_name(BASE) == yaml.safe_load(BASE)["name"]
    assert kind_config.cluster_name("kind: Cluster\n") == "kind"


@pytest.mark.parametrize(
    ("mask", "has"), [("000001ffffffffff", True), ("000001fffeffffff", False), ("0000000000000000", False)]
)
def test_a_capability_is_read_from_the_bounding_set(mask: str, has: bool) -> None:
    status = f"Name:\tpython\nCapEff:\t000001ffffffffff\nCapBnd:\t{mask}\n"
    assert has_capability(status, 24) is has
