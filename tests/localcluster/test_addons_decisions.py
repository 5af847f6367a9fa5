"""What the add-ons decide: what a Helm release needs, and which wheels fit an image's Python."""

import pytest

from localcluster.addons import wheels
from localcluster.addons.wheels import Target
from localcluster.release import Action, action

WANTED = "content 0123456789ab"


@pytest.mark.parametrize(
    ("status", "description", "needed"),
    [
        ("deployed", WANTED, Action.KEEP),
        ("deployed", "content of another recipe", Action.INSTALL),
        ("failed", WANTED, Action.INSTALL),
        ("uninstalling", WANTED, Action.START_OVER),
        ("pending-install", WANTED, Action.START_OVER),
        ("pending-upgrade", WANTED, Action.START_OVER),
        ("pending-rollback", "", Action.START_OVER),
    ],
)
def test_what_a_release_needs(status: str, description: str, needed: Action) -> None:
    assert action({"status": status, "description": description}, WANTED) is needed


def test_a_release_that_does_not_exist_is_installed() -> None:
    assert action({}, WANTED) is Action.INSTALL


def test_what_an_image_says_of_its_python_is_read() -> None:
    assert wheels.parse_target("3 11 2 36 x86_64") == Target((3, 11), (2, 36), "x86_64")


def test_wheels_for_every_older_c_library_fit_and_none_for_a_newer() -> None:
    names = wheels.platforms(Target((3, 11), (2, 36), "aarch64"))
    assert names[0] == "manylinux_2_36_aarch64"
    assert {"manylinux_2_17_aarch64", "manylinux2014_aarch64"} <= set(names)
    assert "manylinux_2_37_aarch64" not in names


def test_wheels_are_chosen_for_the_image_and_not_for_this_python() -> None:
    options = wheels.pip_options(Target((3, 14), (2, 41), "x86_64"))
    assert options[:6] == ["--python-version", "3.14", "--implementation", "cp", "--abi", "cp314"]
    assert options.count("--platform") == len(wheels.platforms(Target((3, 14), (2, 41), "x86_64")))


def test_two_pythons_have_two_sets_of_wheels() -> None:
    keys = {wheels.locked(Target((3, minor), (2, 36), "x86_64")).key for minor in (11, 12)}
    assert len(keys) == 2
