"""As much of an API server on loopback as the command line asks for, and a scripted operator behind it."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

Object = dict[str, Any]
NAMESPACE = "shop"
SERVICES = f"/apis/gracefulservice.dev/v1alpha1/namespaces/{NAMESPACE}/gracefulservices"
DEPLOYMENTS = f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments"
RECORDS = f"/apis/apps/v1/namespaces/{NAMESPACE}/controllerrevisions"
EVENTS = f"/api/v1/namespaces/{NAMESPACE}/events"
REVIEWS = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
COMMAND = "gracefulservice.dev/command"


@dataclass
class ApiServer:
    """What it holds. `refusals` maps the start of a path to the answer given instead."""

    services: dict[str, Object] = field(default_factory=dict)
    deployments: list[Object] = field(default_factory=list)
    events: list[Object] = field(default_factory=list)
    records: list[Object] = field(default_factory=list)
    refusals: dict[str, tuple[int, Object | str]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    patched: Callable[[Object], None] = lambda _service: None
    """Called after a command was put on a service."""
    watched: Callable[[Object], None] = lambda _service: None
    """Called when somebody begins to watch a service; without it a watch ends with nothing."""
    url: str = ""
    version: int = 100

    def put(self, name: str, status: Object | None = None) -> Object:
        """A GracefulService of generation 1."""
        metadata: Object = {"name": name, "namespace": NAMESPACE, "generation": 1, "uid": f"uid-of-{name}"}
        metadata["resourceVersion"] = str(self.version)
        self.services[name] = {"metadata": metadata, "spec": {}, "status": status or {}}
        return self.services[name]

    def answer(self, method: str, path: str, query: dict[str, list[str]], body: Object) -> tuple[int, Any]:
        """What a request gets: a code, and an object, lines of a watch, or text."""
        self.asked.append(f"{method} {path}")
        for start, refusal in self.refusals.items():
            if path.startswith(start):
                return refusal
        if path == REVIEWS:
            return 201, {"status": {"userInfo": {"username": "somebody@example.com"}}}
        if path.startswith(SERVICES):
            return self._service(path.removeprefix(SERVICES).strip("/"), method, query, body)
        return 200, {"items": {DEPLOYMENTS: self.deployments, EVENTS: self.events, RECORDS: self.records}[path]}

    def _service(self, name: str, method: str, query: dict[str, list[str]], body: Object) -> tuple[int, Any]:
        if "watch" in query:
            return 200, self._watch(query["fieldSelector"][0].removeprefix("metadata.name="))
        if not name:
            return 200, {"metadata": {"resourceVersion": str(self.version)}, "items": list(self.services.values())}
        if name not in self.services:
            return 404, status(f'gracefulservices "{name}" not found', name)
        if method == "PATCH" and isinstance(body, list):
            return self._patched(name, body)
        if method == "PATCH":
            self.services[name]["metadata"].setdefault("annotations", {}).update(body["metadata"]["annotations"])
            self.patched(self.services[name])
        return 200, self.services[name]

    def _patched(self, name: str, operations: list[Object]) -> tuple[int, Any]:
        """The object after a JSON Patch, unless it is not the one that was seen."""
        found = patched(self.services[name], operations)
        if found["metadata"]["resourceVersion"] != self.services[name]["metadata"]["resourceVersion"]:
            return 409, status(f'Operation cannot be fulfilled on "{name}": the object has been modified', name)
        found["metadata"]["resourceVersion"] = str(int(found["metadata"]["resourceVersion"]) + 1)
        self.services[name] = found
        return 200, found

    def _watch(self, name: str) -> list[Object]:
        self.watched(self.services[name])
        return [{"type": "MODIFIED", "object": self.services[name]}]


def patched(body: Object, operations: list[Object]) -> Object:
    """An object after a JSON Patch of members of objects, as RFC 6902 has it."""
    after: Object = json.loads(json.dumps(body))
    for one in operations:
        *way, last = (part.replace("~1", "/").replace("~0", "~") for part in one["path"].split("/")[1:])
        place = after
        for part in way:
            place = place[part]
        if one["op"] in ("remove", "replace"):
            del place[last]
        if one["op"] in ("add", "replace"):
            place[last] = one["value"]
    return after


def status(message: str, name: str = "") -> Object:
    """An error as the API server words it."""
    return {"kind": "Status", "status": "Failure", "message": message, "details": {"name": name} if name else {}}


def answering(result: str, sentence: str) -> Callable[[Object], None]:
    """An operator that puts the receipt of the command at hand into the status."""

    def answer(service: Object) -> None:
        command = json.loads(service["metadata"]["annotations"][COMMAND])
        receipt = {key: command.get(key, "") for key in ("id", "do", "revision", "by")}
        receipt |= {"result": result, "sentence": sentence, "time": "2026-03-01T12:00:00Z"}
        service["status"].setdefault("commands", []).append(receipt)

    return answer


@contextmanager
def serving(server: ApiServer) -> Iterator[ApiServer]:
    """Answer on any free port for as long as the block runs."""

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            address = urlsplit(self.path)
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length) or "{}")
            code, said = server.answer(self.command, address.path, parse_qs(address.query), body)
            self.send_response(code)
            self.send_header("Content-Type", "text/plain" if isinstance(said, str) else "application/json")
            self.end_headers()
            lines = said if isinstance(said, list) else [said]
            text = "\n".join(one if isinstance(one, str) else json.dumps(one) for one in lines)
            self.wfile.write(text.encode() + b"\n")

        do_GET = do_POST = do_PATCH = _answer  # noqa: N815 - the names http.server looks for

        def log_message(self, *_: object) -> None:
            """Tests read `asked`."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        thread = threading.Thread(target=http.serve_forever, args=(0.01,))
        thread.start()
        server.url = f"http://127.0.0.1:{http.server_port}"
        yield server
        http.shutdown()
        thread.join()
