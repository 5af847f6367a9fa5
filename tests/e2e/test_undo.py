"""The story of an undo (A19): four versions, then back to the second one, by the command line and under traffic."""

from collections.abc import Callable
from typing import Any

import pytest

from gracefulservice.api import Command
from gracefulservice.cli.connection import Connection
from gracefulservice.cli.deeds import write
from gracefulservice.cli.kept import Kept
from gracefulservice.cli.undoing import operations
from gracefulservice.errors import Stale
from gracefulservice.rollout.revision import Revision
from tests.e2e.test_cli import graceful
from tests.support.place import Object
from tests.support.services import V1, Shop, shop, steps
from tests.support.site import flowing, newest, over, start, whole


def test_a_spec_that_somebody_else_has_changed_is_not_overwritten(
    service: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The API server itself refuses: what was decided on was another spec."""
    place = service.place
    place.apply(shop(place.stage.shop_image, V1, replicas=0))
    monkeypatch.setenv("KUBECONFIG", str(place.stage.kubeconfig))
    connection = Connection(None, place.namespace)
    seen = connection.get("shop")
    found = Revision.of({**seen["spec"], "restartToken": "older"})
    older, order = Kept(found.id, 1, found.input), Command(id="1", do="undo", revision=found.id)
    change = operations(seen, older, order)
    place.patch("GracefulService", "shop", {"spec": {"historyLimit": 5}})
    with pytest.raises(Stale, match="Somebody else changed"):
        connection.change("shop", change)
    assert "restartToken" not in spec(service)
    write(connection, connection.get("shop"), lambda body: operations(body, older, order))
    assert Revision.of(spec(service)).id == older.id


def records(service: Shop) -> dict[int, Object]:
    """The metadata of all its records, by their numbers."""
    found = service.place.all("ControllerRevision", "gracefulservice.dev/name=shop")
    return {one["revision"]: one["metadata"] for one in found}


def alone(service: Shop, version: str) -> bool:
    """Whether every pod is one of this version."""
    return whole(service) and len(service.pods(version)) == 2


def taken(service: Shop, version: str, **fields: Any) -> None:
    """Change to a version, and wait until it is stable alone."""
    service.change({"VERSION": version}, **fields)
    service.wait_for("Healthy", 300)
    service.place.wait(f"Only {version}", lambda: alone(service, version))


def spec(service: Shop) -> Object:
    """What is asked for now."""
    return dict((service.place.get("GracefulService", "shop") or {})["spec"])


@pytest.mark.long
def test_a19_undo_to_an_older_revision(service: Shop, record: Callable[..., None]) -> None:
    """The pods are those of revision 2 again, its record is the one it had, and history says who and when."""
    place = service.place
    url = start(service, rollout=steps(50, hold="3s"), replicas=2)
    with place.traffic(url) as users:
        users.wait_for(flowing, 60)
        taken(service, "v2")
        taken(service, "v3", restartToken="again")
        taken(service, "v4")
        before, others = records(service), {"replicas", "rollout"}
        kept = {field: value for field, value in spec(service).items() if field in others}
        second = before[2]["labels"]["gracefulservice.dev/revision"]

        done = graceful(service, "undo", "shop", "--to", "2")
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith(f"Revision {second} (number 2) is asked for again")
        status = service.wait_for("Healthy", 300)
        place.wait("Only v2", lambda: alone(service, "v2"))
        summary = over(service, users)
        assert newest(users.seconds) == {"v2"}
    record("A19", summary)
    assert summary.lost == 0, summary.first_loss

    after = records(service)
    assert sorted(after) == [1, 2, 3, 4]
    assert {number: one["uid"] for number, one in after.items()} == {n: one["uid"] for n, one in before.items()}
    assert "restartToken" not in spec(service)
    assert {field: value for field, value in spec(service).items() if field in others} == kept

    newest_entry, entry_before = status["history"][:2]
    assert (newest_entry["revision"], newest_entry["number"], newest_entry["outcome"]) == (second, 2, "Promoted")
    assert newest_entry["by"] == "kubernetes-admin"
    assert newest_entry["ended"] > entry_before["ended"]
    assert not entry_before.get("by")

    history = graceful(service, "history", "shop").stdout.splitlines()
    line = next(one for one in history if second in one)
    assert line.startswith("2 ")
    assert " stable " in line
    assert " by kubernetes-admin" in line
    assert [one.split()[0] for one in history[1:]] == ["4", "3", "2", "1"]
