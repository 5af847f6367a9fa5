"""What the demonstration applies: a user's route, and a GracefulService in three versions. Pure."""

from dataclasses import dataclass
from pathlib import Path
from string import Template

HERE = Path(__file__).parent
NAME = "shop"
"""The name of the GracefulService and of the route."""


@dataclass(frozen=True, slots=True)
class Version:
    """A version of the sample service; `error_rate` is the share of its answers that are errors, 0..1."""

    name: str
    error_rate: float = 0.0


FIRST, GOOD, BAD = Version("v1"), Version("v2"), Version("v3", error_rate=0.2)


def route(host: str) -> str:
    """The user's HTTPRoute for a host name, as YAML."""
    return _filled("route.yaml", host=host)


def shop(image: str, version: Version) -> str:
    """The GracefulService, as YAML."""
    return _filled("shop.yaml", image=image, version=version.name, error_rate=f"{version.error_rate:g}")


def _filled(name: str, **values: str) -> str:
    return Template((HERE / name).read_text()).substitute(values)
