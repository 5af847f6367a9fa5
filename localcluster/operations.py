"""What people and tests do with the local cluster; ``python -m localcluster`` only parses words for it."""

from collections.abc import Sequence

from localcluster import addons, engine_choice, environment, lifecycle, operator_release, progress
from localcluster.addons import application_images, programs
from localcluster.artefact import Artefact, estimate, is_built
from localcluster.cluster import Cluster
from localcluster.environment import Environment
from localcluster.errors import Failure
from localcluster.kind import Kind


def up(nodes: int | None = None) -> Environment:
    """Bring the cluster with its add-ons up, or what is missing of it; fast and harmless where all is there.

    ``nodes`` counts the control plane; ``None`` keeps a cluster as large as it is (a new one has two).
    ``Failure`` says in one sentence what this machine lacks.
    """
    with lifecycle.locked("bring the cluster up"):
        engine = engine_choice.choose()
        if engine.private:
            _announce([program for program in programs.FROM_SOURCE if not is_built(program)])
        cluster = lifecycle.up(engine, nodes)
        installed = addons.install(cluster)
        known = Environment(cluster.kubeconfig, installed.gateway, installed.prometheus)
        environment.remember(known)
    return known


def _announce(missing: Sequence[Artefact]) -> None:
    if missing:
        whole = progress.duration(sum(map(estimate, missing)))
        progress.say(f"No registry is asked: {len(missing)} programs are built from source, once, in about {whole}.")


def down() -> None:
    """Take it down; only the caches stay."""
    with lifecycle.locked("take the cluster down"):
        lifecycle.down()


def distclean() -> None:
    """Take it down and remove what was cached for it, images included."""
    with lifecycle.locked("remove everything"):
        lifecycle.distclean()


def found() -> Cluster:
    """The cluster that runs; ``Failure`` where none does."""
    engine = engine_choice.current()
    nodes = Kind(engine, lifecycle.name()).nodes(running=True) if engine else []
    if not engine or not nodes:
        raise Failure("No local cluster is up; `python -m localcluster up` brings one up.")
    return Cluster(engine, lifecycle.name(), tuple(nodes))


def install_operator() -> None:
    """Install the operator of this checkout by its Helm chart, or upgrade it."""
    with lifecycle.locked("install the operator"):
        operator_release.install(found(), environment.recall().prometheus)


def operator_image() -> str:
    """Build the operator's image in the engine that answers, and its name there; no cluster is needed or touched."""
    with lifecycle.locked("build the operator's image"):
        return application_images.build_operator(engine_choice.current() or engine_choice.choose())


def load(references: Sequence[str]) -> None:
    """Copy images from the engine into every node."""
    found().load(references)


def run_command(argv: Sequence[str]) -> list[str]:
    """A command line that runs ``argv`` where pod, Service and gateway addresses are real.

    KUBECONFIG (one that works there), GATEWAY and PROMETHEUS are set for it.
    """
    known = environment.recall()
    return [*found().prefix(), *(f"{name}={value}" for name, value in known.addresses().items()), *argv]


def status() -> tuple[bool, list[str]]:
    """Whether the cluster answers, and a line for each of its parts."""
    engine = engine_choice.current()
    if engine is None:
        return False, ["Engine: none answers.", "No local cluster is up."]
    kind = Kind(engine, lifecycle.name())
    there, running = kind.nodes(running=False), kind.nodes(running=True)
    answers = bool(there) and Cluster(engine, kind.name, tuple(running)).answers()
    version = engine.docker("version", "--format", "{{.Server.Version}}")
    lines = [
        f"Engine: {'private' if engine.private else 'found'}, version {version}.",
        f"Nodes: {len(running)} of {len(there)} run ({', '.join(there) or 'none'}).",
        f"API server: {'answers' if answers else 'does not answer'}.",
    ]
    return answers, lines
