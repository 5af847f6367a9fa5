"""What the API server told while requests were sent, to the moment: the evidence when one of them is lost."""

import json
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from kubernetes.client.exceptions import ApiException
from urllib3.exceptions import HTTPError

from tests.support.place import Place
from tests.support.services import version_of

Entry = dict[str, Any]
AROUND = (45.0, 20.0)
"""Seconds before and after a loss that its evidence covers."""
WATCH = 300
"""Seconds after which a watch is opened anew."""


def pod(obj: Mapping[str, Any]) -> Entry:
    """What matters of a pod."""
    status = obj.get("status") or {}
    containers = status.get("containerStatuses") or []
    return {
        "version": version_of(obj),
        "node": obj["spec"].get("nodeName"),
        "ip": status.get("podIP"),
        "phase": status.get("phase"),
        "ready": any(one["type"] == "Ready" and one["status"] == "True" for one in status.get("conditions") or ()),
        "leaving": bool(obj["metadata"].get("deletionTimestamp")),
        "state": [one.get("state") for one in containers],
    }


def endpoints(obj: Mapping[str, Any]) -> Entry:
    """Addresses of a Service, each with its three conditions."""
    found = {}
    for one in obj.get("endpoints") or ():
        conditions = one.get("conditions") or {}
        found[one["addresses"][0]] = [word for word in ("ready", "serving", "terminating") if conditions.get(word)]
    return {"service": obj["metadata"]["labels"].get("kubernetes.io/service-name"), "endpoints": found}


def service(obj: Mapping[str, Any]) -> Entry:
    """Where the rollout stands."""
    status = obj.get("status") or {}
    return {name: status.get(name) for name in ("phase", "weight", "stable", "canary")}


def route(obj: Mapping[str, Any]) -> Entry:
    """The weights as they are written."""
    references = [one for rule in obj["spec"].get("rules") or () for one in rule.get("backendRefs") or ()]
    return {"weights": {one["name"]: one.get("weight") for one in references}}


def selector(obj: Mapping[str, Any]) -> Entry:
    """Whom a Service selects."""
    return {"selector": obj["spec"].get("selector")}


WATCHED: dict[str, Callable[[Mapping[str, Any]], Entry]] = {
    "Pod": pod,
    "EndpointSlice": endpoints,
    "Service": selector,
    "GracefulService": service,
    "HTTPRoute": route,
}


class Timeline:
    """Keeps every change in a namespace in memory and in a file, one JSON object a line, from `with` to its end."""

    def __init__(self, place: Place, file: Path) -> None:
        self._place = place
        self._file = file
        self._entries: list[Entry] = []
        self._known: dict[tuple[str, str], Entry] = {}
        self._lock = threading.Lock()
        self._over = threading.Event()

    def __enter__(self) -> Self:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        self._file.write_text("")
        for kind in WATCHED:
            threading.Thread(target=self._watch, args=(kind,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()

    def around(self, begin: float, end: float) -> list[Entry]:
        """What changed from somewhat before `begin` to somewhat after `end` (unix)."""
        with self._lock:
            return [one for one in self._entries if begin - AROUND[0] <= one["unix"] <= end + AROUND[1]]

    def note(self, what: str, **more: Any) -> None:
        """Write down something that is no change of an object."""
        self._add({"unix": round(time.time(), 3), "note": what, **more})

    def _watch(self, kind: str) -> None:
        resource = self._place.kind(kind)
        while not self._over.is_set():
            with suppress(ApiException, HTTPError):
                for event in resource.watch(namespace=self._place.namespace, timeout=WATCH):
                    self._see(kind, event["type"], event["raw_object"])
                    if self._over.is_set():
                        return
            time.sleep(0.5)

    def _see(self, kind: str, change: str, obj: Mapping[str, Any]) -> None:
        name = obj["metadata"]["name"]
        told = {"change": change, **WATCHED[kind](obj)}
        if self._known.get((kind, name)) == told | {"change": "MODIFIED"}:
            return
        self._known[(kind, name)] = told | {"change": "MODIFIED"}
        self._add({"unix": round(time.time(), 3), "kind": kind, "name": name, **told})

    def _add(self, entry: Entry) -> None:
        with self._lock:
            self._entries.append(entry)
            with self._file.open("a") as file:
                file.write(json.dumps(entry, default=str) + "\n")
