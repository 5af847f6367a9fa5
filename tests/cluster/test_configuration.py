"""Data of the user's: what its digest stands for, what its copies are called, and when they go."""

from typing import Any

import orjson
import pytest

from gracefulservice.cluster import configuration
from gracefulservice.cluster.copies import copies, digest_of, names
from gracefulservice.cluster.kinds import CONFIG_MAP, SECRET
from gracefulservice.errors import Refused
from gracefulservice.ports import Owner, World
from gracefulservice.rollout.config import entries

ENV = [
    {"name": "A", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "a"}}},
    {"name": "K", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "k", "optional": True}}},
]
CONFIG = [{"name": "one", "configMap": {"name": "settings"}}, {"name": "two", "secret": {"name": "keys"}}]
SPEC = {"template": {"spec": {"containers": [{"name": "app", "env": ENV}]}}, "config": CONFIG}
OWNER = Owner({"metadata": {"name": "shop", "namespace": "web", "uid": "0b6c"}, "spec": SPEC})
WANTED = entries(SPEC)
SETTINGS = {"kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"a": "1"}}
KEYS = {"kind": "Secret", "metadata": {"name": "keys"}, "data": {"k": "MQ=="}, "type": "Opaque"}


def digests(settings: Any = SETTINGS, keys: Any = KEYS) -> list[str]:
    """The digest of each entry; empty for one that cannot be used."""
    return [one.digest for one in entries(configuration.configured(OWNER, WANTED, [settings, keys]).spec)]


def sentences(settings: Any = SETTINGS, keys: Any = KEYS) -> list[str]:
    """What is wrong with the objects."""
    found = configuration.configured(OWNER, WANTED, [settings, keys])
    return [f"{one.field}: {one.sentence}" for one in found.problems]


@pytest.mark.parametrize(
    "change", [{"data": {"a": "2"}}, {"binaryData": {"b": "AA=="}}, {"data": {"a": "1", "b": ""}}], ids=str
)
def test_whatever_pods_can_read_of_an_object_is_in_its_digest(change: dict[str, Any]) -> None:
    """And nothing of the other object."""
    before, after = digests(), digests(SETTINGS | change)
    assert (before[0] == after[0], before[1] == after[1]) == (False, True)


def test_the_type_of_a_secret_is_in_its_digest() -> None:
    """A copy has it, too."""
    assert digests(keys=KEYS | {"type": "example.com/keys"})[1] != digests()[1]


@pytest.mark.parametrize(
    "change", [{"metadata": {"name": "settings", "labels": {"a": "b"}}}, {"immutable": True}, {"binaryData": None}]
)
def test_nothing_else_is(change: dict[str, Any]) -> None:
    assert digests(SETTINGS | change) == digests()


def test_equal_data_of_the_two_kinds_is_not_the_same() -> None:
    """Else one kind could stand in the place of the other."""
    assert digest_of("ConfigMap", {"data": {"a": "MQ=="}}) != digest_of("Secret", {"data": {"a": "MQ=="}})


def test_every_entry_that_cannot_be_used_is_named_at_once() -> None:
    """The data of those that can is at hand all the same, under its digest alone."""
    assert sentences(None, Refused("No.")) == [
        "spec.config[one].configMap: ConfigMap settings does not exist: create it, or remove the entry.",
        "spec.config[two].secret: No.",
    ]
    found = configuration.configured(OWNER, WANTED, [SETTINGS, None])
    assert found.contents == {digests()[0]: {"data": {"a": "1"}}}


def test_a_token_of_a_service_account_is_not_copied() -> None:
    (said,) = sentences(keys=KEYS | {"type": "kubernetes.io/service-account-token"})
    assert "which cannot be copied: remove the entry" in said


@pytest.mark.parametrize(("length", "fits"), [(2**20 - 4, True), (2**20 - 2, False)])
def test_all_entries_together_have_as_much_room_as_one_object(length: int, fits: bool) -> None:
    """What is written in base64 is counted as what it is: four characters are three bytes."""
    found = sentences(SETTINGS | {"data": {"a": "x" * length}}, KEYS | {"data": {"k": "MTIz"}})
    assert (found == []) is fits
    assert all("With Secret keys the data of spec.config has 1,048,577 bytes" in one for one in found)


def test_a_key_that_is_optional_may_be_absent() -> None:
    assert sentences(keys=KEYS | {"data": {}}) == []
    assert len(sentences(settings=SETTINGS | {"data": None, "binaryData": {"b": "AA=="}})) == 1
    assert sentences(settings=SETTINGS | {"data": None, "binaryData": {"a": "AA=="}}) == []


def test_names_fit_and_never_run_together() -> None:
    """Services `a` and `a-b` live side by side, and so do entries of any allowed length."""
    same = [{"name": "b-c", "configMap": {"name": "x"}, "digest": "1"}]
    other = [{"name": "c", "configMap": {"name": "x"}, "digest": "1"}]
    (one,), (two,) = copies("a", {"config": same}), copies("a-b", {"config": other})
    assert one.name != two.name
    assert one.name.startswith("a-b-c-")
    (long,) = copies("s" * 52, {"config": [same[0] | {"name": "e" * 63}]})
    assert len(long.name) <= 253
    assert one.name not in names("a", {"config": [same[0] | {"digest": "2"}]}).values()


def world_of(*places: tuple[str, str]) -> World:
    """A world with these objects, and the data of both entries at hand."""
    contents = configuration.configured(OWNER, WANTED, [SETTINGS, KEYS]).contents
    bodies = {
        place: {"kind": place[0], "metadata": {"name": place[1], "uid": "u", "resourceVersion": "7"}}
        for place in places
    }
    return World(objects=bodies, contents=contents)


def test_a_copy_is_made_from_the_data_of_its_digest_or_not_at_all() -> None:
    """What has been read since then is other data, and belongs to another revision."""
    now = configuration.configured(OWNER, WANTED, [SETTINGS, KEYS]).spec
    made = [orjson.loads(request.body) for request in configuration.missing(OWNER, now, world_of())]
    assert [(one["data"], one["immutable"], one.get("type")) for one in made] == [
        ({"a": "1"}, True, None),
        ({"k": "MQ=="}, True, "Opaque"),
    ]
    then = configuration.configured(OWNER, WANTED, [SETTINGS | {"data": {"a": "0"}}, KEYS]).spec
    (secret,) = configuration.missing(OWNER, then, world_of())
    assert secret.kind == SECRET
    assert (configuration.whole(OWNER, now, world_of()), configuration.whole(OWNER, then, world_of())) == (True, False)
    there = world_of(*(one.place for one in copies("shop", then)))
    assert configuration.whole(OWNER, then, there)
    assert list(configuration.missing(OWNER, then, there)) == []
    assert not configuration.whole(OWNER, SPEC, world_of()), "nobody has read the data"


def test_a_copy_goes_only_when_nothing_names_it() -> None:
    """Neither the target, nor a record, nor a Deployment; what is pruned counts no more."""
    now = configuration.configured(OWNER, WANTED, [SETTINGS, KEYS]).spec
    mine = [one.place for one in copies("shop", now)]
    record = {"kind": "ControllerRevision", "data": {"input": now}}
    reference = {"secretRef": {"name": mine[1][1]}}
    pods = {"template": {"spec": {"containers": [{"name": "app", "envFrom": [reference]}]}}}
    deployment = {"kind": "Deployment", "spec": pods}
    old = ("ControllerRevision", "shop-old"), ("Deployment", "shop-old")

    def gone(target: Any, pruned: set[str], **objects: Any) -> list[str]:
        world = world_of(*mine)
        bodies = {**world.objects, **{place: objects[place[0]] for place in old if place[0] in objects}}
        found = configuration.unneeded(OWNER, target, frozenset(pruned), World(objects=bodies))
        return [request.about for request in found]

    both = [f"{kind} web/{name}" for kind, name in sorted(mine)]
    assert gone(now, set()) == []
    assert gone({}, set()) == both
    assert gone({}, set(), ControllerRevision=record) == []
    assert gone({}, {"old"}, ControllerRevision=record) == both
    assert gone({}, set(), Deployment=deployment) == both[:1]
    assert gone({}, {"old"}, Deployment=deployment) == both


def test_only_kinds_that_are_or_were_asked_for_are_listed() -> None:
    """The operator may have the right to one of them alone."""
    record = {"data": {"input": {"config": CONFIG[1:]}}}
    assert configuration.kinds(OWNER, []) == [CONFIG_MAP.name, SECRET.name]
    without = Owner({"metadata": OWNER.body["metadata"], "spec": {"config": []}})
    assert configuration.kinds(without, [record, {"data": None}]) == [SECRET.name]
    assert configuration.kinds(without, []) == []
