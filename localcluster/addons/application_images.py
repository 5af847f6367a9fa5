"""The images that are ours, each from its ordinary Dockerfile: the operator's and the sample service's.

Only the images they are built on differ between machines: pulled where a registry answers, else made of
Debian packages and this machine's Go. Nothing is fetched during a build.
"""

import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from localcluster import images, paths, progress
from localcluster.addons import addon_images, wheels
from localcluster.artefact import Input, content_hash, ensure
from localcluster.command import Log
from localcluster.engine import Engine

SHOP = paths.REPOSITORY / "examples" / "shop"
OPERATOR_SOURCES = ("operator", "pyproject.toml", "requirements.lock")


def build_shop(engine: Engine) -> str:
    """Bring the sample service's image into the engine; its tag changes with its sources."""
    base = images.provide(engine, addon_images.go())

    def fill(context: Path, _log: Log) -> None:
        shutil.copytree(SHOP, context, dirs_exist_ok=True)

    return _build(engine, "shop", (SHOP, base), {"GO_IMAGE": base}, fill)


def build_operator(engine: Engine) -> str:
    """Bring the operator's image into the engine; its tag changes with its sources and requirements."""
    base = images.provide(engine, addon_images.python)

    def fill(context: Path, log: Log) -> None:
        shutil.copy(paths.REPOSITORY / "operator" / "Dockerfile", context)
        shutil.copy(wheels.LOCK, context)
        shutil.copytree(ensure(wheels.locked(wheels.target_of(engine, base))), context / "wheels")
        wheels.operator(context / "dist", log)

    sources = tuple(paths.REPOSITORY / name for name in OPERATOR_SOURCES)
    return _build(engine, "operator", (*sources, base), {"BASE_IMAGE": base}, fill)


def _build(
    engine: Engine,
    name: str,
    inputs: tuple[Input, ...],
    build_args: Mapping[str, str],
    fill: Callable[[Path, Log], None],
) -> str:
    tag = f"{images.PREFIX}{name}:{content_hash(inputs)}"
    if engine.has_image(tag):
        return tag
    log = Log(paths.cache_folder() / "logs" / f"image-{name}.log")
    with progress.step(f"Building the image {name}", 30), tempfile.TemporaryDirectory() as context:
        fill(Path(context), log)
        engine.build(Path(context), tag, build_args, log)
    return tag
