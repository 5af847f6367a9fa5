"""What the adapters need of the API server: three ways to read and one to write. `cluster.client.Client` is one."""

from typing import Protocol

from gracefulservice.cluster.kinds import Kind, Object, Ref
from gracefulservice.cluster.requests import Request


class ApiServer(Protocol):
    """Raises the failures of `gracefulservice.errors` and nothing else."""

    async def get(self, ref: Ref) -> Object | None:
        """One object, live; None if there is none."""
        ...

    async def list_all(self, kind: Kind, namespace: str | None, labels: str = "") -> list[Object]:
        """Every object a label selector matches, live."""
        ...

    async def list_metadata(self, kind: Kind, namespace: str | None, labels: str = "") -> list[Object]:
        """The same objects, live, each with its kind and its metadata alone."""
        ...

    async def send(self, request: Request) -> Object:
        """Send one request, once."""
        ...
