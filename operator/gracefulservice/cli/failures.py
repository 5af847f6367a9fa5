"""Whatever goes wrong between here and the cluster, as one of the four failures with one sentence."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager

from kubernetes.client.exceptions import ApiException
from kubernetes.config import ConfigException
from urllib3.exceptions import HTTPError
from yaml import YAMLError

from gracefulservice.api.names import API_VERSION, KIND
from gracefulservice.cli.words import plain
from gracefulservice.errors import Failure, Invalid, Refused, Stale, Unreachable

LONGEST_QUOTE = 400
"""Characters quoted from an answer."""

NOISE = re.compile(r"HTTPS?Connection(Pool)?\(.*?\): |\[Errno -?\d+\] ")
"""What the libraries say about themselves."""


MALFORMED = (ConfigException, YAMLError, OSError, AttributeError, KeyError, TypeError, ValueError)
"""What the official client raises about a kubeconfig that is not one."""


@contextmanager
def reading_kubeconfig() -> Iterator[None]:
    """Turn what is wrong with a kubeconfig into `Invalid`."""
    try:
        yield
    except MALFORMED as error:
        raise Invalid(f"The kubeconfig cannot be used: {reason(error)}.") from error


@contextmanager
def translated(about: str, server: str) -> Iterator[None]:
    """Turn what the official client raises into a failure. `about` names the object, `server` the API server."""
    try:
        yield
    except ApiException as error:
        raise refusal(error, about) from error
    except (HTTPError, OSError) as error:
        raise Unreachable(f"The API server {server} cannot be reached: {reason(error)}.") from error


def refusal(error: ApiException, about: str) -> Failure:
    """What an answer other than 2xx means."""
    said, name = message(error)
    match error.status:
        case 404 if name:
            return Invalid(f"{about} does not exist.")
        case 404:
            return Invalid(f"The cluster does not know {KIND} ({API_VERSION}): install the operator's chart first.")
        case 401:
            return Refused("The API server does not know you (401): log in to the cluster again.")
        case 403:
            return Refused(f"You may not do this (403): {said}.")
        case 409:
            return Stale(f"Somebody else changed {about} at the same time, so nothing was done: run it again.")
        case code if code and (code >= 500 or code == 429):
            return Unreachable(f"The API server fails ({code}): {said}.")
        case code:
            return Refused(f"The API server refuses ({code}) a request about {about}: {said}.")


def message(error: ApiException) -> tuple[str, str]:
    """What the `Status` in an answer says, and the name of the object it is about."""
    try:
        status = json.loads(error.body or "")
        details = status.get("details") or {}
        return one_line(status.get("message") or error.reason or ""), str(details.get("name") or "")
    except (ValueError, AttributeError):
        return one_line(error.body or error.reason or "no reason is given"), ""


def reason(error: Exception) -> str:
    """The innermost cause, for it is the one that says something."""
    inner: object = error
    while isinstance(inner, Exception):
        error, inner = inner, getattr(inner, "reason", None)
    return one_line(NOISE.sub("", str(error))) or type(error).__name__


def one_line(text: str) -> str:
    """The text on one line, not too long, and without its full stop."""
    return plain(text)[:LONGEST_QUOTE].rstrip(" .")
