"""Keeps the keys of the webhook's server in a Secret, and their authorities in the webhook's configuration.

Every replica does so, none leads: whatever is written carries the resource version that was read, so of two
replicas one wins and the other reads what it wrote. The chart brings both objects, the Secret empty.
"""

import base64
import binascii
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from gracefulservice.admission import certificates
from gracefulservice.admission.certificates import Keys
from gracefulservice.cluster import requests
from gracefulservice.cluster.kinds import Object, Ref
from gracefulservice.cluster.wire import ApiServer
from gracefulservice.errors import Refused, Stale

TRIES = 4
"""How often somebody else may be faster before the next time has to do."""


@dataclass(frozen=True, slots=True)
class Places:
    """Where the keys lie, who has to trust them, and the name under which the API server calls."""

    secret: Ref
    configuration: Ref
    host: str


class Keeper:
    """`clock` gives unix seconds."""

    def __init__(self, api: ApiServer, places: Places, clock: Callable[[], float]) -> None:
        self._api, self._places, self._clock = api, places, clock
        self._keys: Keys | None = None

    def left(self) -> float:
        """Seconds for which the certificate that is served is still valid; 0 while there is none."""
        return certificates.seconds_left(self._keys, self._clock()) if self._keys else 0.0

    async def keep(self) -> Keys:
        """The keys to use from now on, written down and trusted. Raises the failures of `gracefulservice.errors`."""
        for _ in range(TRIES - 1):
            with suppress(Stale):
                return await self._once()
        return await self._once()

    async def _once(self) -> Keys:
        secret = await self._api.get(self._places.secret)
        configuration = await self._api.get(self._places.configuration)
        if secret is None:
            raise Refused(f"{self._places.secret} does not exist: the chart makes it, empty.")
        trusted = _trusted(configuration)
        found = certificates.read(_data(secret))
        seen = certificates.trusted_by(trusted)
        keys = certificates.renewed(found, self._places.host, seen, self._clock())
        if keys != found:
            await self._write(secret, keys)
        if configuration is not None and trusted != keys.bundle:
            await self._publish(configuration, keys)
        self._keys = keys
        return keys

    async def _write(self, secret: Object, keys: Keys) -> None:
        """Into the Secret as it was read."""
        data = {name: base64.b64encode(value).decode() for name, value in keys.data.items()}
        await self._api.send(requests.replace(self._places.secret.kind, {**secret, "data": data}))

    async def _publish(self, configuration: Object, keys: Keys) -> None:
        """Into the configuration as it was read, and only there where it says whom to trust."""
        value = base64.b64encode(keys.bundle).decode()
        operations = [
            {"op": "add", "path": f"/webhooks/{place}/clientConfig/caBundle", "value": value}
            for place, _ in enumerate(configuration.get("webhooks") or ())
        ]
        version = configuration["metadata"]["resourceVersion"]
        await self._api.send(requests.json_patch(self._places.configuration, operations, resource_version=version))


def _trusted(configuration: Object | None) -> bytes:
    """The authorities in the configuration; none where its webhooks do not agree."""
    webhooks = (configuration or {}).get("webhooks") or ()
    bundles = {_decoded((webhook.get("clientConfig") or {}).get("caBundle")) for webhook in webhooks}
    return bundles.pop() if len(bundles) == 1 else b""


def _data(secret: Object) -> dict[str, bytes]:
    return {name: _decoded(value) for name, value in (secret.get("data") or {}).items()}


def _decoded(text: str | None) -> bytes:
    """The bytes in a field; none in one that is missing or spoilt."""
    try:
        return base64.b64decode(text or "", validate=True)
    except binascii.Error:
        return b""
