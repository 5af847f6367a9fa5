"""What stands in the way of data that belongs to a revision: it is not there, not allowed, too much, or taken."""

from typing import Any

import pytest

from gracefulservice.api.names import NAME_LABEL
from gracefulservice.cluster.answers import Forbidden
from gracefulservice.cluster.kinds import (
    CONFIG_MAP,
    CONTROLLER_REVISION,
    DEPLOYMENT,
    SECRET,
    Kind,
    Object,
    Ref,
)
from gracefulservice.cluster.requests import Request
from gracefulservice.errors import Refused
from gracefulservice.reconcile import REREADING
from tests.support.configured import (
    JUDGED,
    OF_KIND,
    SETTINGS,
    born,
    configured,
    copies,
    halfway,
    settled,
    tried,
    values,
    write,
)
from tests.support.life import MAIN, Life

BOTH = pytest.mark.parametrize("kind", [CONFIG_MAP, SECRET], ids=lambda kind: kind.name)


@BOTH
async def test_without_its_object_nothing_is_made_and_with_it_everything_is(kind: Kind) -> None:
    """One sentence says what is missing; no event is needed to go on."""
    life = Life(**configured(kind))
    writes = len(life.api.writes)
    await tried(life, 3)
    assert life.phase == "Invalid"
    assert f"{kind.name} {OF_KIND[kind][2].name} does not exist: create it" in life.condition("Stalled")["message"]
    assert {request.path for request in life.api.writes[writes:]} == {f"{MAIN.path}/status"}
    assert life.wake == REREADING
    write(life, "v1", kind)
    await settled(life)
    assert (life.phase, values(life, kind)) == ("Healthy", {"v1": 4})


async def test_a_rollout_goes_on_by_its_copies_while_the_object_is_away() -> None:
    """Nothing new begins; the promoted pods go on reading what they started with."""
    life = await born()
    await halfway(life, "v2")
    del life.api.objects[SETTINGS]
    await settled(life)
    assert (life.phase, values(life)) == ("Invalid", {"v2": 4})
    said = life.condition("Stalled")
    assert (said["status"], "spec.config[settings].configMap: ConfigMap shop-settings" in said["message"]) == (
        "True",
        True,
    )
    life.api.edit(MAIN, lambda body: body["spec"].update(replicas=6))
    await settled(life)
    assert values(life) == {"v2": 6}
    write(life, "v3")
    await settled(life)
    assert (life.phase, values(life)) == ("Healthy", {"v3": 6})


async def test_a_bad_version_is_rolled_back_while_the_object_is_away() -> None:
    """Safety needs nobody's object."""
    life = await born(**JUDGED)
    await halfway(life, "bad")
    del life.api.objects[SETTINGS]
    await settled(life)
    assert values(life) == {"v1": 4}


@BOTH
async def test_a_right_that_is_missing_names_the_value_that_gives_it(kind: Kind) -> None:
    life = Life(**configured(kind))
    write(life, "v1", kind)
    reading = life.api.get

    async def get(ref: Ref) -> Any:
        if ref.kind == kind:
            raise Forbidden(f"The API server refuses (403) the attempt to read {ref}: forbidden.")
        return await reading(ref)

    life.api.get = get  # type: ignore[method-assign]
    await tried(life, 3)
    value = {CONFIG_MAP: "config.configMaps=true", SECRET: "config.secrets=true"}[kind]
    assert f"set {value} in the values of its Helm chart" in life.condition("Stalled")["message"]
    life.api.get = reading  # type: ignore[method-assign]
    await settled(life)
    assert life.phase == "Healthy"


async def test_lists_that_are_forbidden_keep_no_pod_from_being_scaled() -> None:
    """Rights that were taken away stop what is new, and are told."""
    life = await born()
    listing = life.api.list_metadata

    async def refuse(kind: Kind, namespace: str | None, labels: str = "") -> list[Object]:
        raise Forbidden(f"The API server refuses (403) the attempt to list every {kind.name}: forbidden.")

    life.api.list_metadata = refuse  # type: ignore[method-assign]
    life.api.edit(MAIN, lambda body: body["spec"].update(replicas=6))
    for _ in range(5):
        await life.look()
        life.pass_time(2.5)
    assert values(life) == {"v1": 6}
    assert "list every ConfigMap" in life.condition("ChildrenIntact")["message"]
    life.api.list_metadata = listing  # type: ignore[method-assign]
    await settled(life)
    assert not life.condition("ChildrenIntact")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"data": {"OTHER": "1"}}, "ConfigMap shop-settings has no key VERSION, which the template asks for"),
        ({"data": {"VERSION": "v2", "more": "x" * 2**20}}, "has 1,048,578 bytes, and 1,048,576 is the most"),
        (
            {
                "metadata": {
                    "ownerReferences": [{"kind": "GracefulService", "name": "x", "uid": "1", "controller": True}]
                }
            },
            "is a copy that a GracefulService made",
        ),
    ],
    ids=["a key", "size", "a copy"],
)
async def test_what_cannot_be_used_is_said_in_one_sentence(change: Any, words: str) -> None:
    """And the pods stay as they are until it can be."""
    life = await born()

    def edit(body: Object) -> None:
        body.update({part: {**body[part], **more} if part == "metadata" else more for part, more in change.items()})

    life.api.edit(SETTINGS, edit)
    await settled(life)
    assert (life.phase, values(life)) == ("Invalid", {"v1": 4})
    assert words in life.condition("Stalled")["message"]
    assert "xxx" not in str(life.status)


async def test_a_copy_that_somebody_deletes_is_made_anew_or_missed_in_one_sentence() -> None:
    """As long as the user's object has the same data; with other data the pods that run are told of."""
    life = await born()
    (copy,) = copies(life)
    del life.api.objects[CONFIG_MAP.of(copy)]
    await settled(life)
    assert [body["data"] for body in copies(life)] == [copy["data"]]
    await halfway(life, "v2")
    del life.api.objects[CONFIG_MAP.of(copy)]
    await tried(life, 1)
    said = life.condition("ChildrenIntact")["message"]
    assert f"ConfigMap default/{copy['metadata']['name']} is gone" in said


async def test_a_name_that_somebody_else_has_is_told_and_left_alone() -> None:
    """The object is not ours: it is never touched, and no pod reads it."""
    life = await born()
    life.api.interfere = lambda request: taken(life, request)
    write(life, "v2")
    await tried(life, 10)
    life.api.interfere = lambda _request: None
    assert "already exists and belongs to nobody: delete it" in life.condition("Stalled")["message"]
    assert values(life) == {"v1": 4}
    (stranger,) = [body for body in life.api.of(CONFIG_MAP) if body.get("data") == {"VERSION": "theirs"}]
    life.api.remove(CONFIG_MAP.of(stranger))
    await settled(life)
    assert values(life) == {"v2": 4}


def taken(life: Life, request: Request) -> None:
    """Somebody makes the very name first."""
    if request.kind == CONFIG_MAP and request.verb == "create" and "-settings-" in request.about:
        name = request.about.rpartition("/")[2]
        if Ref(CONFIG_MAP, "default", name) not in life.api.objects:
            life.api.put(
                CONFIG_MAP, {"metadata": {"name": name, "namespace": "default"}, "data": {"VERSION": "theirs"}}
            )


async def test_a_refused_copy_is_told_and_stable_is_left_alone() -> None:
    """A quota on ConfigMaps, for one: the rollout goes back at its deadline and says why."""
    life = await born()
    denied = Refused("The API server refuses (403) the attempt to create: exceeded quota.")

    def refuse(request: Request) -> None:
        if request.kind == CONFIG_MAP:
            raise denied

    life.api.interfere = refuse
    write(life, "v2")
    await tried(life, 5)
    assert "exceeded quota" in life.condition("Stalled")["message"]
    assert values(life) == {"v1": 4}
    life.api.interfere = lambda _request: None
    await settled(life)
    assert values(life) == {"v2": 4}


async def test_pods_whose_data_is_lost_are_not_made_anew() -> None:
    """Somebody deletes stable's copy and Deployment while the user's object has other data: the canary takes over."""
    life = await born()
    old = life.status["stable"]
    (copy,) = copies(life)
    await halfway(life, "v2")
    del life.api.objects[CONFIG_MAP.of(copy)]
    life.api.remove(Ref(DEPLOYMENT, "default", f"shop-{old}"))
    await tried(life, 3)
    assert Ref(DEPLOYMENT, "default", f"shop-{old}") not in life.api.objects
    assert "" not in values(life)
    await settled(life)
    assert values(life) == {"v2": 4}


async def test_pods_whose_copy_can_be_made_get_it_before_they_are_made_anew() -> None:
    """Both were deleted, and the data is still what it was."""
    life = await born()
    (copy,) = copies(life)
    del life.api.objects[CONFIG_MAP.of(copy)]
    life.api.remove(Ref(DEPLOYMENT, "default", f"shop-{life.status['stable']}"))
    made: list[Kind] = []
    life.api.happened = lambda request: made.append(request.kind) if request.verb == "create" else None
    await settled(life)
    assert values(life) == {"v1": 4}
    assert made.index(CONFIG_MAP) < made.index(DEPLOYMENT)


async def test_no_copy_is_deleted_while_a_revision_in_play_has_lost_its_record() -> None:
    """Nobody can tell then what it needs."""
    life = await born()
    old = life.status["stable"]
    await halfway(life, "v2")
    for kind in (CONTROLLER_REVISION, DEPLOYMENT):
        life.api.remove(Ref(kind, "default", f"shop-{old}"))
    await tried(life, 1)
    assert sorted(body["data"]["VERSION"] for body in copies(life)) == ["v1", "v2"]


@BOTH
async def test_what_only_bears_our_label_is_neither_in_the_way_nor_deleted(kind: Kind) -> None:
    """A label is no proof: what is ours has this very service as its controller."""
    life = await born(kind=kind)
    metadata = {"name": "theirs", "namespace": "default", "labels": {NAME_LABEL: "shop"}}
    theirs = life.api.put(kind, {"metadata": metadata, "data": {"a": "b"}})
    write(life, "v2", kind)
    await settled(life)
    assert (life.phase, values(life, kind)) == ("Healthy", {"v2": 4})
    assert kind.of(theirs) in life.api.objects


async def test_with_orphan_copies_that_may_not_be_listed_are_waited_for() -> None:
    """Else they would go with the service, and the pods that stay could not start again."""
    life = await born(deletionPolicy="Orphan")
    listing = life.api.list_metadata

    async def refuse(kind: Kind, namespace: str | None, labels: str = "") -> list[Object]:
        raise Forbidden(f"The API server refuses (403) the attempt to list every {kind.name}: forbidden.")

    life.api.list_metadata = refuse  # type: ignore[method-assign]
    life.api.edit(MAIN, lambda body: body["metadata"].update(deletionTimestamp="2026-03-01T12:00:00Z"))
    await tried(life, 5)
    assert MAIN in life.api.objects
    life.api.list_metadata = listing  # type: ignore[method-assign]
    await tried(life, 20)
    assert MAIN not in life.api.objects
    assert len(copies(life)) == 1
