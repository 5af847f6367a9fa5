"""The chart brings the resource's definition, as the models say it, and leaves it behind when it goes."""

import copy

import yaml

from gracefulservice.api.schema import manifest
from tests.chart.rendering import CHART, Helm, Rendered

NAME = "gracefulservices.gracefulservice.dev"


def test_the_copy_in_the_chart_is_what_the_models_say() -> None:
    copied = (CHART / "files" / "gracefulservice.yaml").read_text()
    assert copied == manifest(), "run: cp crds/gracefulservice.yaml charts/gracefulservice/files/"


def test_it_stays_when_the_chart_is_uninstalled(default: Rendered) -> None:
    annotations = default.one("CustomResourceDefinition", NAME)["metadata"]["annotations"]
    assert annotations == {"helm.sh/resource-policy": "keep"}


def test_the_chart_changes_nothing_else_in_it(default: Rendered) -> None:
    rendered = copy.deepcopy(default.one("CustomResourceDefinition", NAME))
    del rendered["metadata"]["annotations"]
    assert rendered == yaml.safe_load(manifest())


def test_somebody_else_may_bring_it(helm: Helm) -> None:
    assert helm.render({"crds": {"install": False}}).all("CustomResourceDefinition") == []
