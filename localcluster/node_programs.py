"""The programs of a Kubernetes node and the kind command, each from the Go modules that its lock fixes."""

from localcluster import golang

KUBERNETES = "v1.35.4"
"""The version in ``go/kubernetes/go.mod``; what every component reports and kubeadm installs."""

KUBERNETES_PROGRAMS = {
    **{
        name: f"k8s.io/kubernetes/cmd/{name}"
        for name in (
            "kube-apiserver",
            "kube-controller-manager",
            "kube-proxy",
            "kube-scheduler",
            "kubeadm",
            "kubectl",
            "kubelet",
        )
    },
    "etcd": "go.etcd.io/etcd/server/v3",
}

CONTAINERD_PROGRAMS = {
    name: f"github.com/containerd/containerd/v2/cmd/{name}" for name in ("containerd", "containerd-shim-runc-v2", "ctr")
}

CNI_PROGRAMS = {
    "host-local": "github.com/containernetworking/plugins/plugins/ipam/host-local",
    "loopback": "github.com/containernetworking/plugins/plugins/main/loopback",
    "portmap": "github.com/containernetworking/plugins/plugins/meta/portmap",
    "ptp": "github.com/containernetworking/plugins/plugins/main/ptp",
}


def _kubernetes_version_flags() -> str:
    major, minor, _ = KUBERNETES.removeprefix("v").split(".")
    values = {"gitVersion": KUBERNETES, "gitMajor": major, "gitMinor": minor}
    return " ".join(f"-X k8s.io/component-base/version.{name}={value}" for name, value in values.items())


kind = golang.programs("kind", {"kind": "sigs.k8s.io/kind"}, seconds=20)

kubernetes = golang.programs(
    "kubernetes",
    KUBERNETES_PROGRAMS,
    seconds=330,
    ldflags=_kubernetes_version_flags(),
    room=20 * 10**9,  # it is the first of the long builds, and this is what all of them leave and need
)

containerd = golang.programs(
    "containerd",
    {**CONTAINERD_PROGRAMS, **CNI_PROGRAMS},
    seconds=90,
    tags="no_aufs no_zfs no_btrfs no_devmapper",
    ldflags="-X github.com/containerd/containerd/v2/version.Version=v2.3.4",
)

coredns = golang.programs("coredns", {"coredns": "localcluster/coredns"}, seconds=60)

ALL = (kind, kubernetes, containerd, coredns)
