"""Container images: what can be pulled is pulled, the rest is built and kept as archives in the cache."""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from localcluster import progress
from localcluster.artefact import Artefact, Input, content_hash, ensure, is_built
from localcluster.command import Log
from localcluster.debian import SUITE
from localcluster.engine import Engine
from localcluster.errors import Failure

PREFIX = "localhost/gracefulservice/"
"""Every image that is built here is named below this."""


class Source(Enum):
    """A way to get an image into the engine."""

    LOAD = "load it from the cache"
    PULL = "pull it from a registry"
    BUILD = "build it"


def ways(*, cached: bool, published: bool, private: bool) -> tuple[Source, ...]:
    """What to try, in order, for an image that the engine lacks.

    ``cached``: it was built on this machine before; ``published``: some registry may have it;
    ``private``: the engine is ours and reaches no registry. Only a pull may fail and pass on to the next way.
    """
    if cached:
        return (Source.LOAD,)
    if published and not private:
        return (Source.PULL, Source.BUILD)
    return (Source.BUILD,)


Recipe = Callable[[Engine, Path, Log], None]


@dataclass(frozen=True, slots=True)
class Image:
    """An image and how to get it.

    ``recipe`` builds ``tag`` in the given engine (with an empty folder for files and a log);
    ``published`` is its equivalent in a public registry, where there is one.
    """

    name: str
    inputs: tuple[Input, ...]
    recipe: Recipe
    published: str | None = None
    seconds: int = 20

    def artefact(self, engine: Engine) -> Artefact:
        """The archive ``image.tar`` with this image, built on ``engine``."""

        def build(folder: Path, log: Log) -> None:
            work = folder / "work"
            work.mkdir()
            self.recipe(engine, work, log)
            shutil.rmtree(work)
            engine.save([self.tag], folder / "image.tar")

        return Artefact(f"image-{self.name}", self.inputs, build, self.seconds)

    @property
    def key(self) -> str:
        """Identity as an input of something else."""
        return f"{self.name}-{content_hash(self.inputs)}"

    @property
    def tag(self) -> str:
        """The name of the built image; another recipe is another tag."""
        return f"{PREFIX}{self.name}:{content_hash(self.inputs)}"


def provide(engine: Engine, image: Image) -> str:
    """Bring an image into the engine; the name under which the engine has it (published or built)."""
    for present in (image.published, image.tag):
        if present and engine.has_image(present):
            return present
    artefact = image.artefact(engine)
    for way in ways(cached=is_built(artefact), published=bool(image.published), private=engine.private):
        if reference := _get(engine, image, way):
            return reference
    raise Failure(f"The image {image.name} can neither be pulled nor built.")


def _get(engine: Engine, image: Image, way: Source) -> str | None:
    if way is Source.PULL and image.published:
        return image.published if _pulled(engine, image.published) else None
    tar = ensure(image.artefact(engine)) / "image.tar"
    if not engine.has_image(image.tag):
        with progress.step(f"Loading the image {image.name} into the engine"):
            engine.load(tar)
    discard_others(engine, image.tag)
    return image.tag


def discard_others(engine: Engine, tag: str) -> None:
    """Remove images of the same name and another content from the engine, if no container uses them."""
    name = tag.rpartition(":")[0]
    for other in engine.docker("image", "ls", "--format", "{{.Repository}}:{{.Tag}}", name).split():
        if other != tag:
            engine.answers("image", "rm", other)


def _pulled(engine: Engine, reference: str) -> bool:
    try:
        with progress.step(f"Pulling {reference}"):
            engine.docker("pull", reference)
    except Failure as refused:
        progress.say(f"It is built instead: {refused}")
        return False
    return True


def from_tree(name: str, tree: Artefact, changes: Sequence[str] = (), published: str | None = None) -> Image:
    """An image that is a Debian tree; ``changes`` are Dockerfile lines such as ``ENTRYPOINT ["python3"]``."""

    def recipe(engine: Engine, _folder: Path, _log: Log) -> None:
        engine.import_tree(ensure(tree) / "tree.tar", image.tag, changes)

    image = Image(name, (tree.key, SUITE, *changes), recipe, published)
    return image


def from_context(
    name: str,
    inputs: tuple[Input, ...],
    fill: Callable[[Path], None],
    *,
    base: Image | None = None,
    published: str | None = None,
    seconds: int = 20,
) -> Image:
    """An image from an ordinary Dockerfile: ``fill`` writes it, with all it copies, into the build context.

    With ``base`` the Dockerfile starts with ``ARG BASE`` and ``FROM $BASE``. ``inputs`` decide the identity:
    at least the Dockerfile and what is copied.
    """

    def recipe(engine: Engine, folder: Path, log: Log) -> None:
        fill(folder)
        args = {"BASE": provide(engine, base)} if base else {}
        engine.build(folder, image.tag, args, log)

    image = Image(name, (base.key if base else "scratch", *inputs), recipe, published, seconds)
    return image
