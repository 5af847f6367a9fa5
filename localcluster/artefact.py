"""Things that are built once and found again by the content of everything they are built from.

An artefact lies in ``<cache>/<name>-<hash>/``. It is built in a folder next to it, which is renamed when it
is whole: what exists is complete, so a run that failed continues with the first artefact that is missing.
"""

import hashlib
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path

from localcluster import lock, paths, progress
from localcluster.command import Log
from localcluster.errors import Failure

ROOM = 6 * 10**9
"""Free bytes that a build needs for sources, Go's build cache and its result; checked before each one."""

KEPT = 2
"""How many artefacts of one name stay in the cache."""

Input = str | bytes | Path
Build = Callable[[Path, Log], None]


@dataclass(frozen=True, slots=True)
class Artefact:
    """What to build and how.

    ``inputs`` decide the identity: a ``Path`` stands for the name and bytes of that file, or of every file
    below that folder; text and bytes stand for themselves (versions, options, the ``key`` of another artefact).
    ``build`` gets an empty folder to fill and a log to run programs with.
    ``seconds`` is the estimate until a build on this machine was measured, without the builds of what it needs.
    ``room`` is how many bytes must be free.
    """

    name: str
    inputs: tuple[Input, ...]
    build: Build
    seconds: int
    room: int = ROOM

    @property
    def key(self) -> str:
        """Name and content hash: ``kubernetes-1f0c2d3e4a5b``."""
        return f"{self.name}-{content_hash(self.inputs)}"

    @property
    def folder(self) -> Path:
        """Where it lies once it is built."""
        return paths.cache_folder() / self.key


def content_hash(inputs: tuple[Input, ...]) -> str:
    """Twelve hex digits that change whenever one of the inputs changes."""
    digest = hashlib.sha256()
    for given in inputs:
        for part in _parts(given):
            digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()[:12]


def _parts(given: Input) -> Iterator[bytes]:
    if isinstance(given, Path):
        files = sorted(p for p in given.rglob("*") if p.is_file() and "__pycache__" not in p.parts)
        for file in files or [given]:
            yield file.relative_to(given.parent).as_posix().encode()
            yield file.read_bytes()
    else:
        yield given.encode() if isinstance(given, str) else given


def is_built(artefact: Artefact) -> bool:
    """Whether the artefact is in the cache."""
    return artefact.folder.is_dir()


def ensure(artefact: Artefact) -> Path:
    """The artefact's folder, built first where the cache does not have it."""
    if not is_built(artefact):
        with lock.held(paths.cache_folder() / "locks" / artefact.name, f"build {artefact.name}"):
            if not is_built(artefact):
                _build(artefact)
                _discard_older(artefact)
    os.utime(artefact.folder)
    return artefact.folder


def _discard_older(artefact: Artefact) -> None:
    """Keep the ``KEPT`` last used artefacts of this name: other recipes of it, or of other checkouts."""
    siblings = [path for path in paths.cache_folder().iterdir() if path.name[:-13] == artefact.name]
    for folder in sorted(siblings, key=lambda path: path.stat().st_mtime)[:-KEPT]:
        shutil.rmtree(folder)


def _build(artefact: Artefact) -> None:
    _require_room(artefact.room)
    partial = _empty_folder(artefact)
    log = Log(paths.cache_folder() / "logs" / f"{artefact.key}.log")
    log.path.unlink(missing_ok=True)
    with progress.step(f"Building {artefact.name}", estimate(artefact)):
        seconds = _own_seconds(lambda: artefact.build(partial, log))
    partial.rename(artefact.folder)
    paths.write(_measured(artefact), f"{seconds:.0f}\n")


def _empty_folder(artefact: Artefact) -> Path:
    """A new folder; those that killed builds of this name have left are removed.

    Its name is this process's own: a compiler that outlived a killed build must not write into a later one's.
    """
    for left in paths.cache_folder().glob(f".{artefact.name}-{'?' * 12}.*"):
        shutil.rmtree(left, ignore_errors=True)
    folder = artefact.folder.with_name(f".{artefact.key}.{os.getpid()}")
    folder.mkdir(parents=True)
    return folder


def _own_seconds(build: Callable[[], None]) -> float:
    """Run a build and measure it, without the builds inside it."""
    inner: list[float] = []
    outer = _inner.set(inner)
    begun = time.monotonic()
    try:
        build()
    finally:
        whole = time.monotonic() - begun
        _inner.reset(outer)
        _inner.get([]).append(whole)
    return whole - sum(inner)


_inner: ContextVar[list[float]] = ContextVar("seconds of the builds inside the one under way")


def estimate(artefact: Artefact) -> float:
    """Seconds the next build may take: the last one measured here, else the recipe's own estimate."""
    try:
        return float(_measured(artefact).read_text())
    except (OSError, ValueError):
        return artefact.seconds


def _measured(artefact: Artefact) -> Path:
    return paths.cache_folder() / "seconds" / artefact.name


def _require_room(room: int) -> None:
    cache = paths.cache_folder()
    cache.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(cache).free
    if free < room:
        raise Failure(
            f"Building the local cluster needs {room / 1e9:.0f} GB free below {cache} "
            f"and {free / 1e9:.1f} GB are; free some or set XDG_CACHE_HOME to another disk."
        )
