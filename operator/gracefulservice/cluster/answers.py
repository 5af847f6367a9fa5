"""Answers of the Kubernetes API: pure functions from what came back to a value or one of four failures."""

from dataclasses import dataclass
from typing import Any

import orjson

from gracefulservice.cluster.kinds import Object
from gracefulservice.cluster.requests import JSON_PATCH, Request
from gracefulservice.errors import Failure, Refused, Stale, Unreachable

LONGEST_QUOTE = 700
"""Characters quoted from an answer: a condition or an event has room for about a thousand."""


class Missing(Stale):
    """The object does not exist (any more)."""


class Forbidden(Refused):
    """The operator has no right to it."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. `retry_after` is the header of that name, empty if there is none."""

    status: int
    body: bytes = b""
    retry_after: str = ""


@dataclass(frozen=True, slots=True)
class _Status:
    """What a Kubernetes `Status` object says: in words, about which object, and what is wrong with it."""

    message: str
    name: str
    causes: bool
    retry_after: float


def read(request: Request, answer: Answer) -> Object:
    """The object in the answer; raises the failure that the answer means.

    Deleting what is gone already has succeeded: the answer is an empty object.
    """
    if request.method == "DELETE" and answer.status == 404:
        return {}
    if not 200 <= answer.status < 300:
        raise failure(request, answer)
    value = _json(answer.body)
    if value is None:
        raise Unreachable(f"The answer to {_deed(request)} is not the JSON of an object.")
    return value


def failure(request: Request, answer: Answer) -> Failure:
    """What an answer other than 2xx means for the caller."""
    status = _status(answer)
    quote = f"{_deed(request)}: {status.message}"
    match answer.status:
        case 404 if status.name:
            return Missing(f"{_capital(request.about)} does not exist.")
        case 404:
            return Refused(f"The API server does not serve {request.kind.name} ({request.kind.api_version}).")
        case 409 | 410 | 412:
            return Stale(f"The cluster changed before {quote}")
        case 422 if request.content_type == JSON_PATCH and not status.causes:
            return Stale(f"{_capital(request.about)} changed before it could be patched.")
        case 401:
            return Unreachable(f"The API server does not know the operator (401) for {quote}")
        case 408 | 429:
            return Unreachable(f"The API server has no time for {quote}", retry_after=status.retry_after)
        case code if code >= 500:
            sentence = f"The API server fails ({code}) at {quote}"
            return Unreachable(sentence, retry_after=status.retry_after)
        case 403:
            return Forbidden(f"The API server refuses (403) {quote}")
        case code:
            return Refused(f"The API server refuses ({code}) {quote}")


def _status(answer: Answer) -> _Status:
    """Read a `Status`, or quote the answer if it is none (a proxy, an old aggregated API)."""
    said = _json(answer.body) or {"message": answer.body.decode(errors="replace")}
    details = said.get("details") or {}
    return _Status(
        message=_sentence(str(said.get("message") or "no reason is given")),
        name=str(details.get("name") or ""),
        causes=bool(details.get("causes")),
        retry_after=_seconds(answer.retry_after) or _seconds(details.get("retryAfterSeconds")),
    )


def _json(body: bytes) -> dict[str, Any] | None:
    """The JSON object in a body, None if there is none."""
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    return value if isinstance(value, dict) else None


def _seconds(text: Any) -> float:
    """A pause asked for in whole seconds; 0 if there is none (or a date, which Kubernetes never sends)."""
    try:
        return max(float(int(text)), 0.0)
    except (TypeError, ValueError):
        return 0.0


def _sentence(message: str) -> str:
    """One line that ends like a sentence."""
    line = " ".join(message.split())[:LONGEST_QUOTE].rstrip(" .")
    return f"{line}."


def _deed(request: Request) -> str:
    """What was tried, for the middle of a sentence: "the attempt to create Deployment shop/web-abc"."""
    return f"the attempt to {request.verb} {request.about}"


def _capital(text: str) -> str:
    """The same with a capital at its start, for the start of a sentence."""
    return text[:1].upper() + text[1:]
