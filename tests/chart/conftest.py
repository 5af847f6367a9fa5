import shutil
from pathlib import Path

import pytest

from localcluster.addons import programs
from localcluster.artefact import ensure, is_built
from tests.chart.rendering import Helm, Rendered


@pytest.fixture(scope="session")
def helm() -> Helm:
    """The local cluster's own Helm, or the one on PATH until that is built; with neither it is built now."""
    found = shutil.which("helm")
    if found and not is_built(programs.helm):
        return Helm(Path(found))
    return Helm(ensure(programs.helm) / "helm")


@pytest.fixture(scope="session")
def default(helm: Helm) -> Rendered:
    """The chart with the values it comes with."""
    return helm.render()
