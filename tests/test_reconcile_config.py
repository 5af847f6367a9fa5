"""Data that belongs to a revision: changed, it is a new version; whoever goes back has the old data again."""

from typing import Any

import pytest

from gracefulservice.api.names import CONDEMNED_ANNOTATION
from gracefulservice.cluster.kinds import (
    CONFIG_MAP,
    CONTROLLER_REVISION,
    DEPLOYMENT,
    EVENT,
    GRACEFUL_SERVICE,
    POD,
    SECRET,
    Kind,
    Object,
    Ref,
)
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
    value_of,
    values,
    write,
)
from tests.support.life import KEY, MAIN
from tests.support.life import born as plain

BOTH = pytest.mark.parametrize("kind", [CONFIG_MAP, SECRET], ids=lambda kind: kind.name)


@BOTH
async def test_changed_data_goes_the_same_careful_way_as_a_new_image(kind: Kind) -> None:
    """Stable keeps what it has until the last of its pods is gone, whatever is written meanwhile."""
    life = await born(kind=kind, **JUDGED)
    first = life.status["stable"]
    await halfway(life, "v2", kind)
    assert set(values(life, kind)) == {"v1", "v2"}
    assert life.status["stable"] == first
    await settled(life)
    assert (life.phase, values(life, kind)) == ("Healthy", {"v2": 4})
    assert life.status["stable"] != first
    assert life.told.count("Promoted") == 1


@BOTH
async def test_copies_are_immutable_named_by_their_data_and_go_with_the_service(kind: Kind) -> None:
    """The user's own object is left as it is."""
    life = await born(kind=kind)
    (copy,) = copies(life, kind)
    mine = life.api.objects[OF_KIND[kind][2]]
    assert copy["immutable"] is True
    assert (copy["data"], copy.get("type")) == (mine["data"], mine.get("type"))
    assert copy["metadata"]["name"].startswith("shop-settings-")
    assert copy["metadata"]["ownerReferences"][0]["uid"] == life.api.objects[MAIN]["metadata"]["uid"]
    assert "immutable" not in mine
    life.api.remove(MAIN)
    assert copies(life, kind) == []
    assert OF_KIND[kind][2] in life.api.objects


async def test_bad_data_is_rolled_back_and_the_old_data_is_what_pods_start_with() -> None:
    """A pod that dies after the rollback starts with the old data, though the user's object still has the bad one."""
    life = await born(**JUDGED)
    await halfway(life, "bad")
    await settled(life)
    assert (life.phase, values(life)) == ("Degraded", {"v1": 4})
    life.api.remove(POD.of(life.api.of(POD)[0]))
    life.pass_time(1.0)
    await settled(life)
    assert values(life) == {"v1": 4}
    assert life.api.objects[SETTINGS]["data"] == {"VERSION": "bad"}
    write(life, "v1")
    await settled(life)
    assert life.phase == "Healthy"


async def test_data_that_is_put_back_in_the_middle_turns_back_and_condemns_nothing() -> None:
    """The target is what stable is again."""
    life = await born()
    await halfway(life, "v2")
    write(life, "v1")
    await settled(life)
    assert (life.phase, values(life)) == ("Healthy", {"v1": 4})
    assert "condemned" not in life.status["memory"]
    assert not [
        one for one in life.api.of(CONTROLLER_REVISION) if CONDEMNED_ANNOTATION in one["metadata"]["annotations"]
    ]
    await halfway(life, "v2")
    await settled(life)
    assert values(life) == {"v2": 4}


async def test_data_that_is_changed_twice_is_superseded_like_two_images() -> None:
    """The second is what counts, and the first is not condemned."""
    life = await born()
    await halfway(life, "v2")
    write(life, "v3")
    await settled(life)
    assert (life.phase, values(life)) == ("Healthy", {"v3": 4})
    assert [one["outcome"] for one in life.status["history"]] == ["Promoted", "Superseded"]


async def test_the_same_data_in_other_words_is_no_change() -> None:
    """Labels, annotations and a new object of the same name and data concern nobody."""
    life = await born()
    before = life.status["stable"]
    del life.api.objects[SETTINGS]
    write(life, "v1")
    life.api.edit(SETTINGS, lambda body: body["metadata"].update(labels={"new": "label"}))
    await settled(life)
    assert life.status["target"] == before


async def test_copies_go_when_no_kept_revision_needs_them_and_never_before() -> None:
    """With a limit of one, stable's and the one before it stay; data that is back again is copied once for all."""
    life = await born(historyLimit=1)
    for value in ("v2", "v3", "v4"):
        write(life, value)
        await settled(life)
    assert sorted(body["data"]["VERSION"] for body in copies(life)) == ["v3", "v4"]
    assert len(life.api.of(CONTROLLER_REVISION)) == 2
    life.ask_for("shop:1", **configured(image="shop:2", historyLimit=1))
    await settled(life)
    assert [body["data"]["VERSION"] for body in copies(life)] == ["v4"]
    assert {value_of(life, pod) for pod in life.api.of(POD)} == {"v4"}


async def test_copies_outlive_the_field_as_long_as_a_revision_has_them() -> None:
    """Without `config` the service is looked at as rarely as any other, and nothing is forgotten."""
    life = await born(historyLimit=1)
    for image in ("shop:2", "shop:3"):
        life.ask_for(image, config=[])
        await life.settle()
        assert life.wake is None
        assert len(copies(life)) == (1 if image == "shop:2" else 0)


async def test_what_stays_behind_keeps_its_copy() -> None:
    """With Orphan the copies of the pods that stay lose their owner as well, before the service goes."""
    life = await born(deletionPolicy="Orphan")
    await halfway(life, "v2")
    life.api.edit(MAIN, lambda body: body["metadata"].update(deletionTimestamp="2026-03-01T12:00:00Z"))
    await tried(life, 60)
    assert MAIN not in life.api.objects
    assert values(life) == {"v1": 4}
    assert [body["data"]["VERSION"] for body in copies(life)] == ["v1"]


async def test_the_data_of_a_secret_is_in_its_copies_and_nowhere_else() -> None:
    """Neither in status, records, events and Deployments nor in how requests and what is read are shown."""
    word = "c2VjcmV0LXdvcmQ="
    life = await born(word, kind=SECRET, **JUDGED)
    shown: list[str] = []
    life.api.interfere = lambda request: shown.append(repr(request))
    await halfway(life, f"{word}2", SECRET)
    owner = await life.ports.cluster.owner(KEY)
    assert owner is not None
    shown.append(repr(await life.ports.cluster.config(owner)))
    await settled(life)
    for kind in (GRACEFUL_SERVICE, CONTROLLER_REVISION, DEPLOYMENT, EVENT, POD):
        assert life.api.of(kind)
        assert word not in str(life.api.of(kind))
    assert word not in " ".join(shown)
    assert len(copies(life, SECRET)) == 2


async def test_a_service_without_configuration_costs_what_it_did() -> None:
    """No ConfigMap and no Secret is ever asked for, and no look comes earlier."""
    life = await plain()
    asked: list[Kind] = []
    reading, listing = life.api.get, life.api.list_metadata

    async def get(ref: Ref) -> Any:
        asked.append(ref.kind)
        return await reading(ref)

    async def list_metadata(kind: Kind, namespace: str | None, labels: str = "") -> list[Object]:
        asked.append(kind)
        return await listing(kind, namespace, labels)

    life.api.get, life.api.list_metadata = get, list_metadata  # type: ignore[method-assign]
    await life.look()
    assert not {CONFIG_MAP, SECRET} & set(asked)
    assert life.wake is None
