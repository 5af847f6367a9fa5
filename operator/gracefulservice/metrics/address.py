"""Whom a question goes to, and what it means when the answer is none: one sentence with the field to look at."""

import ssl
from dataclasses import dataclass

import aiohttp
from pydantic import BaseModel, ValidationError

from gracefulservice.metrics.pace import Overtaxed
from gracefulservice.metrics.prometheus import Outage

DENIED = frozenset({401, 403})
NO_TIME = frozenset({429, 503})
LONGEST_QUOTE = 300
"""Characters of what Prometheus says in an error."""


@dataclass(frozen=True, slots=True)
class Address:
    """A Prometheus. `own`: the operator's, which credentials are meant for; else a spec names it."""

    url: str
    own: bool


def denied(address: Address, status: int, *, identified: bool) -> Outage:
    """The credentials are refused, or missing."""
    at = f"Prometheus at {address.url}"
    if not address.own:
        return Outage(
            f"{at} asks for credentials ({status}), and what spec.metrics.prometheus.url names is asked without any: "
            "leave the field out, so that the operator's own Prometheus is asked with the operator's credentials."
        )
    if not identified:
        return Outage(
            f"{at} asks for credentials ({status}), and the operator has none: set prometheus.auth in the operator's "
            "chart."
        )
    if status == 403:
        return Outage(
            f"{at} knows the operator's credentials but does not let them read (403): give them the right to query, or "
            "set others in prometheus.auth or prometheus.tls.client in the operator's chart."
        )
    return Outage(
        f"{at} refuses the operator's credentials (401): look at prometheus.auth and prometheus.tls.client in the "
        "operator's chart, and at the Secrets they name."
    )


class _Said(BaseModel):
    """What Prometheus says of an error."""

    error: str = ""


def no_time(address: Address, status: int, wish: float | None, body: bytes) -> Overtaxed:
    """Prometheus, or what stands before it, has no time; `wish`: the seconds of rest it asks for."""
    try:
        said = " ".join(_Said.model_validate_json(body).error.split())[:LONGEST_QUOTE].rstrip(" .")
    except ValidationError:
        said = ""
    pause = f" and asks for {wish:g} s of rest" if wish else ""
    return Overtaxed(f"Prometheus at {address.url} answers {status}{pause}: {said or 'it has no time'}.", wish)


def wish(status: int, retry_after: str) -> float | None:
    """Seconds of rest in the header `Retry-After`. A date is none. Without seconds 429 asks for some, 503 does not."""
    if retry_after.strip().isascii() and retry_after.strip().isdigit():
        return float(retry_after)
    return 0.0 if status == 429 else None


def unreachable(address: Address, error: Exception) -> Outage:
    """There is no answer because of what happened on the way."""
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        trust = (
            "look at prometheus.tls.ca in the operator's chart"
            if address.own
            else "what spec.metrics.prometheus.url names must show one that the operator's image trusts"
        )
        return Outage(
            f"Prometheus at {address.url} shows a certificate that is not trusted "
            f"({_reason(error.certificate_error)}): {trust}."
        )
    why = _reason(error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error)
    hint = " If it asks for a client certificate, look at prometheus.tls.client in the operator's chart."
    doubted = address.own and address.url.startswith("https:") and _hung_up(error)
    return Outage(f"Prometheus at {address.url} cannot be reached: {why}.{hint if doubted else ''}")


def _hung_up(error: Exception) -> bool:
    """Whether there was a connection, and the other side ended it: so it does with a client it does not like.

    In TLS 1.2 it does so while connecting; in 1.3 later, with an alert or without.
    """
    if isinstance(error, aiohttp.ClientConnectorError):
        met = error.os_error
        return isinstance(met, ConnectionResetError) or (isinstance(met, ssl.SSLError) and "ALERT" in met.reason)
    return isinstance(error, aiohttp.ClientOSError | aiohttp.ServerDisconnectedError)


def _reason(error: BaseException) -> str:
    """Why, in the words of the library, or of the system."""
    said = getattr(error, "verify_message", None) or getattr(error, "strerror", None) or str(error)
    return str(said).rstrip(" .") or type(error).__name__
