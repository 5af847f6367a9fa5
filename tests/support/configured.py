"""A service whose pods read a ConfigMap that belongs to their revision, in the cluster in memory."""

import contextlib
from typing import Any

from gracefulservice.api.names import NAME_LABEL
from gracefulservice.cluster.kinds import CONFIG_MAP, POD, SECRET, Kind, Object, Ref
from gracefulservice.errors import Failure
from gracefulservice.reconcile import REREADING
from tests.support.fake_cluster import labels_of
from tests.support.life import Life, spec

SETTINGS = Ref(CONFIG_MAP, "default", "shop-settings")
KEYS = Ref(SECRET, "default", "shop-keys")
KEY = "VERSION"
OF_KIND = {CONFIG_MAP: ("configMap", "configMapKeyRef", SETTINGS), SECRET: ("secret", "secretKeyRef", KEYS)}
JUDGED: dict[str, Any] = {"objectives": {"errorRate": {"max": "1%"}}}


def configured(kind: Kind = CONFIG_MAP, image: str = "shop:1", **changes: Any) -> dict[str, Any]:
    """The fields of a service that takes a variable from an object of this kind."""
    field, reference, ref = OF_KIND[kind]
    written = spec(image)
    (container,) = written["template"]["spec"]["containers"]
    container["env"] = [{"name": KEY, "valueFrom": {reference: {"name": ref.name, "key": KEY}}}]
    return written | {"config": [{"name": "settings", field: {"name": ref.name}}]} | changes


def write(life: Life, value: str, kind: Kind = CONFIG_MAP) -> None:
    """The user writes data, in an object that is made for it where there is none."""
    ref, data = OF_KIND[kind][2], {KEY: value}
    if ref in life.api.objects:
        life.api.edit(ref, lambda body: body.update(data=data))
    else:
        more = {"type": "Opaque"} if kind == SECRET else {}
        life.api.put(kind, {"metadata": {"name": ref.name, "namespace": ref.namespace}, "data": data, **more})


def copies(life: Life, kind: Kind = CONFIG_MAP) -> list[Object]:
    """The copies there are."""
    return [body for body in life.api.of(kind) if NAME_LABEL in labels_of(body)]


def value_of(life: Life, pod: Object, kind: Kind = CONFIG_MAP) -> str:
    """What a pod that starts now gets to read; empty where it reads nothing, or what it reads is not there."""
    variables = pod["spec"]["containers"][0].get("env")
    if not variables:
        return ""
    reference = variables[0]["valueFrom"][OF_KIND[kind][1]]
    found = life.api.objects.get(Ref(kind, "default", reference["name"]), {"data": {}})
    return str(found["data"].get(reference["key"], ""))


def values(life: Life, kind: Kind = CONFIG_MAP) -> dict[str, int]:
    """How many pods read what."""
    found = [value_of(life, pod, kind) for pod in life.api.of(POD)]
    return {value: found.count(value) for value in sorted(set(found))}


async def settled(life: Life) -> None:
    """Until nothing is due but the next reading."""
    await life.live(lambda: life.phase in ("Healthy", "Degraded", "Invalid") and life.wake == REREADING)


async def tried(life: Life, passes: int) -> None:
    """Pass after pass, whatever each of them raises."""
    for _ in range(passes):
        with contextlib.suppress(Failure):
            await life.look()
        life.pass_time(2.5)


async def born(value: str = "v1", kind: Kind = CONFIG_MAP, **changes: Any) -> Life:
    """A service that serves its first data."""
    life = Life(**configured(kind, **changes))
    life.users.failing = lambda pod: 0.5 if value_of(life, pod, kind) == "bad" else 0.0  # type: ignore[method-assign]
    write(life, value, kind)
    await settled(life)
    return life


async def halfway(life: Life, value: str, kind: Kind = CONFIG_MAP) -> None:
    """The data is changed, and the pods that read it carry their first weight."""
    write(life, value, kind)
    await life.live(lambda: life.weight == 25.0)
