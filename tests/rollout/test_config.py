"""`spec.config`: what enters the identity, and every place of a template that names an object."""

import copy
import json
from typing import Any

import pytest

from gracefulservice.api import Problem
from gracefulservice.rollout.config import Entry, digested, entries, lacking, mentions, renamed
from gracefulservice.rollout.frozen import freeze, in_force
from gracefulservice.rollout.memory import Climbing, Memory, TurningBack, Warming
from gracefulservice.rollout.plan import Plan, build
from gracefulservice.rollout.revision import Revision
from gracefulservice.rollout.safety import checked
from gracefulservice.rollout.seen import Seen

from .builders import NOW, OLD, memory, seen, spec

SETTINGS = ("ConfigMap", "settings")
KEYS = ("Secret", "keys")
PLACES: dict[str, tuple[dict[str, Any], tuple[str, str]]] = {
    "a volume of a ConfigMap": ({"volumes": [{"name": "a", "configMap": {"name": "settings"}}]}, SETTINGS),
    "a volume of a Secret": ({"volumes": [{"name": "a", "secret": {"secretName": "keys"}}]}, KEYS),
    "a projected ConfigMap": (
        {"volumes": [{"name": "a", "projected": {"sources": [{"configMap": {"name": "settings", "optional": True}}]}}]},
        SETTINGS,
    ),
    "a projected Secret": (
        {"volumes": [{"name": "a", "projected": {"sources": [{"downwardAPI": {}}, {"secret": {"name": "keys"}}]}}]},
        KEYS,
    ),
    **{
        f"{story} of {field}": ({field: [{"name": "app", **container}]}, target)
        for field in ("containers", "initContainers")
        for story, container, target in (
            (
                "all variables from a ConfigMap",
                {"envFrom": [{"prefix": "A_", "configMapRef": {"name": "settings"}}]},
                SETTINGS,
            ),
            ("all variables from a Secret", {"envFrom": [{"secretRef": {"name": "keys", "optional": True}}]}, KEYS),
            (
                "a variable from a ConfigMap",
                {"env": [{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "a"}}}]},
                SETTINGS,
            ),
            (
                "a variable from a Secret",
                {"env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "a", "optional": True}}}]},
                KEYS,
            ),
        )
    },
}
CONFIG = [{"name": "settings", "configMap": {"name": "settings"}}]
READ = PLACES["a variable from a ConfigMap of containers"][0]


def configured(digest: str = "", image: str = "shop:2") -> dict[str, Any]:
    """A service with one entry, whose data has this digest."""
    written = spec(image, config=CONFIG)
    written["template"]["spec"]["containers"][0]["env"] = READ["containers"][0]["env"]
    return digested(written, {SETTINGS: digest} if digest else {})


def planned(digest: str = "") -> Plan:
    """Its plan."""
    plan = build("shop", configured(digest))
    assert isinstance(plan, Plan)
    return plan


@pytest.mark.parametrize(("part", "target"), PLACES.values(), ids=PLACES)
def test_a_mention_is_found_and_given_another_name_and_nothing_else_changes(
    part: dict[str, Any], target: tuple[str, str]
) -> None:
    """`optional`, keys, prefixes and the neighbours stay; the template that was given is not touched."""
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"nodeSelector": {}, **part}}
    before = copy.deepcopy(template)
    found = renamed(template, {target: "a-copy"})
    assert template == before
    assert json.dumps(found) == json.dumps(template).replace(f'"{target[1]}"', '"a-copy"')
    assert [one.target for one in mentions(template)] == [target]
    other = ({"ConfigMap": "Secret", "Secret": "ConfigMap"}[target[0]], target[1])
    assert renamed(template, {other: "a-copy"}) == template


@pytest.mark.parametrize(
    "template",
    [{}, {"spec": None}, {"spec": {"volumes": "all", "containers": [None, {"env": [1, {"valueFrom": []}]}]}}],
)
def test_a_template_that_is_none_names_nothing(template: Any) -> None:
    """What it really is, is the API server's to say."""
    assert list(mentions(template)) == []
    assert renamed(template, {SETTINGS: "a-copy"}) == template


def test_keys_that_are_asked_for_must_be_there_unless_they_are_optional() -> None:
    """Of a volume the items, of a variable its key."""
    items = {"name": "settings", "items": [{"key": "a", "path": "a"}, {"key": "b", "path": "b"}]}
    volume = {"spec": {"volumes": [{"name": "x", "configMap": items}]}}
    assert lacking(volume, SETTINGS, {"a", "c"}) == "b"
    assert lacking(volume, SETTINGS, {"a", "b"}) == ""
    assert lacking(volume, KEYS, set()) == ""
    assert lacking({"spec": {"volumes": [{"name": "x", "configMap": items | {"optional": True}}]}}, SETTINGS, {}) == ""
    assert lacking({"spec": READ}, SETTINGS, {"b"}) == "a"


def test_a_service_without_entries_keeps_its_identity() -> None:
    """An empty list says no more than none."""
    assert Revision.of(spec(config=[])) == Revision.of(spec())
    assert Revision.of(digested(spec(), {SETTINGS: "1"})) == Revision.of(spec())
    assert Revision.of(spec(config=CONFIG)).id != Revision.of(spec()).id


def test_other_data_is_another_revision_and_the_order_of_entries_is_none() -> None:
    """What a user writes beside them is not believed."""
    more = [{"name": "keys", "secret": {"name": "keys"}, "digest": "forged"}]
    digests = {SETTINGS: "1", KEYS: "2"}
    one = Revision.of(digested(spec(config=[*CONFIG, *more]), digests))
    assert one.same_as(Revision.of(digested(spec(config=[*more, *CONFIG]), digests)))
    assert [entry.digest for entry in entries(one.input)] == ["2", "1"]
    assert Revision.of(digested(spec(config=[*CONFIG, *more]), digests | {KEYS: "3"})).id != one.id
    assert "forged" not in str(digested(spec(config=more), {}))


def test_entries_that_cannot_be_read_are_left_to_the_schema() -> None:
    both = {"name": "both", "configMap": {"name": "a"}, "secret": {"name": "b"}}
    assert entries({"config": [both, {"name": "none"}, {"configMap": {"name": "a"}}, "text"]}) == ()
    assert entries({"config": {"a": "b"}}) == entries({}) == ()
    assert entries({"config": CONFIG}) == (Entry("settings", "configMap", "settings"),)


def test_what_is_wrong_with_the_objects_leaves_the_plan_of_the_last_sound_spec() -> None:
    """Its problems stand in the plan, and the target is what it was."""
    before = planned("1")
    missing = build("shop", {})
    assert isinstance(missing, tuple)
    found = in_force("shop", configured(), memory(frozen=freeze(before)), missing)
    assert isinstance(found, Plan)
    assert (found.revision, found.problems) == (before.revision, missing)
    assert in_force("shop", configured(), memory(), missing) == missing


@pytest.mark.parametrize("state", [Warming, Climbing], ids=lambda state: state.__name__)
def test_a_canary_of_which_nothing_was_made_turns_back_when_its_data_is_gone(state: Any) -> None:
    """Nobody can make it any more, and nobody is to blame; once its record is there, its copies are as well."""
    plan = planned("1")
    canary = plan.revision.id
    before = memory(state(canary=canary) if state is Warming else state(canary=canary, weight=25), frozen=freeze(plan))
    found = unsound(before, "spec.config[settings].configMap")
    assert (found.state, found.condemned, found.stable) == (TurningBack(leaving=canary), {}, OLD)
    assert unsound(before, "spec.template").state == before.state, "something else is wrong with the spec"
    assert "cannot be read any more" in found.history[0].sentence
    made = seen(4, records={canary: seen().records[OLD]})
    assert unsound(before, "spec.config[settings].configMap", made).state == before.state
    assert checked(plan, seen(4, records={}), before, NOW).state == before.state


def unsound(before: Memory, field: str, look: Seen | None = None) -> Memory:
    """What is remembered after a look at a spec with something wrong in that field."""
    broken = in_force("shop", configured(), before, (Problem(field=field, sentence="It is not there."),))
    assert isinstance(broken, Plan)
    return checked(broken, look or seen(4, records={}), before, NOW)
