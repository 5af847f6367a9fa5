"""Where the API server is and how it knows us: from a kubeconfig, or as the pod's service account."""

import os
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp

from gracefulservice import __version__
from gracefulservice.errors import Invalid

if TYPE_CHECKING:
    from kubernetes.client import Configuration

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
TOKEN_PERIOD = 60.0
"""Seconds between two looks at a token: the kubelet rotates it when a fifth of its life is left."""

Clock = Callable[[], float]


class Token:
    """The value of the Authorization header, read anew at most once a minute.

    When reading fails the last known value stays: a rotated file may be away for a moment.
    """

    def __init__(self, source: Callable[[], str], clock: Clock) -> None:
        self._source, self._clock = source, clock
        self._value, self._read_at = source(), clock()

    def __call__(self) -> str:
        """The header's value; empty where there is no token (client certificates)."""
        if self._clock() - self._read_at >= TOKEN_PERIOD:
            self._read_at = self._clock()
            self._value = self._fresh() or self._value
        return self._value

    def _fresh(self) -> str:
        try:
            return self._source()
        except OSError:
            return ""


@dataclass(frozen=True, slots=True)
class Access:
    """One API server and one identity. `tls` is None for plain HTTP."""

    server: str
    authorization: Callable[[], str] = str
    tls: ssl.SSLContext | None = None
    server_name: str | None = None
    proxy: str | None = None

    def session(
        self, *, connections: int, timeout: float, more: tuple[aiohttp.ClientMiddlewareType, ...] = ()
    ) -> aiohttp.ClientSession:
        """A new session of at most `connections` connections; no request takes longer than `timeout` seconds.

        Proxies come from the kubeconfig alone, never from the environment. The caller closes the session.
        """
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=connections, ssl=self.tls or True),
            timeout=aiohttp.ClientTimeout(total=timeout),
            headers={"User-Agent": f"gracefulservice/{__version__}"},
            middlewares=(self._introduce, *more),
            proxy=self.proxy,
        )

    async def _introduce(
        self, request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        """Say who we are, with the token of this minute."""
        if authorization := self.authorization():
            request.headers["Authorization"] = authorization
        request.server_hostname = self.server_name
        return await handler(request)


def find(clock: Clock, environment: Mapping[str, str] = os.environ, account: Path = SERVICE_ACCOUNT) -> Access:
    """The API server to talk to: `KUBECONFIG`, else the cluster we run in, else `~/.kube/config`.

    Raises `Invalid` when there is none, or when its configuration cannot be used.
    """
    inside = "KUBERNETES_SERVICE_HOST" in environment and "KUBECONFIG" not in environment
    try:
        return _inside(clock, environment, account) if inside else _outside(clock, environment)
    except (OSError, ssl.SSLError) as error:
        raise Invalid(f"The configuration for the API server cannot be read: {error}.") from error


def _inside(clock: Clock, environment: Mapping[str, str], account: Path) -> Access:
    """The cluster this pod runs in, as its service account."""
    host, port = environment["KUBERNETES_SERVICE_HOST"], environment.get("KUBERNETES_SERVICE_PORT", "443")
    host = f"[{host}]" if ":" in host else host
    return Access(
        server=f"https://{host}:{port}",
        authorization=Token(lambda: f"Bearer {(account / 'token').read_text().strip()}", clock),
        tls=ssl.create_default_context(cafile=account / "ca.crt"),
    )


def _outside(clock: Clock, environment: Mapping[str, str]) -> Access:
    """What a kubeconfig says, tokens, client certificates and exec plug-ins included.

    An exec plug-in runs when its token expires and blocks for as long as it takes: kubeconfigs are for
    people's own machines. The official client is imported here alone, because it costs 20 MB.
    """
    from kubernetes.client import Configuration  # noqa: PLC0415
    from kubernetes.config import ConfigException, load_kube_config  # noqa: PLC0415

    configuration = Configuration(proxy="")
    load: Callable[..., None] = load_kube_config  # the official client has no annotations here
    try:
        load(environment.get("KUBECONFIG"), client_configuration=configuration, persist_config=False)
    except ConfigException as error:
        raise Invalid(f"There is no usable kubeconfig: {error}") from error
    return Access(
        server=configuration.host,
        authorization=Token(lambda: configuration.get_api_key_with_prefix("BearerToken") or "", clock),
        tls=_tls(configuration),
        server_name=configuration.tls_server_name,
        proxy=configuration.proxy or None,
    )


def _tls(configuration: "Configuration") -> ssl.SSLContext:
    """How to check the API server, and how to show it who we are."""
    context = ssl.create_default_context(cafile=configuration.ssl_ca_cert)
    if configuration.cert_file:
        context.load_cert_chain(configuration.cert_file, configuration.key_file)
    if not configuration.verify_ssl:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context
