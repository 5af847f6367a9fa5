"""The alerts: each fires when it must and not before, of metrics there are, with a paragraph that says what to do."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import AsyncMock, MagicMock

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from gracefulservice.admission import server
from gracefulservice.application import admit, show
from gracefulservice.metrics.reader import TIMEOUT
from gracefulservice.rollout.rhythm import BY_PROMETHEUS
from gracefulservice.settings import Settings
from gracefulservice.standing import Standings
from gracefulservice.telemetry import Telemetry
from localcluster.addons import programs
from localcluster.artefact import is_built
from tests.chart.rendering import CHART, Helm, Object, Rendered

FILES = sorted((Path(__file__).parent / "alerts").glob("*.yaml"))
NIGHT = CHART.parents[1] / "docs" / "at-night.md"
LATEST = 90.0
"""Seconds after which an outage is told at the latest."""
MONITORED = {"alerts": {"enabled": True}, "metrics": {"podMonitor": {"enabled": True}}}
SELECTOR = re.compile(r"\b(gracefulservice_\w+)(?:\{(.*?)\})?")
MATCHER = re.compile(r'(\w+)(?:=|!=|=~|!~)"(.*?)"')
SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0}


@pytest.fixture(scope="session")
def monitored(helm: Helm) -> Rendered:
    """The chart with alerts and a PodMonitor."""
    return helm.render(MONITORED)


def rules(rendered: Rendered) -> dict[str, Object]:
    """The rules by their names."""
    (group,) = rendered.one("PrometheusRule")["spec"]["groups"]
    return {rule["alert"]: rule for rule in group["rules"]}


def seconds(text: str) -> float:
    """`1m` as a number."""
    return float(text[:-1]) * SECONDS[text[-1]]


@pytest.fixture
async def exported(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[dict[str, str]]]:
    """Every metric that a leader with a webhook exports: the labels of its series."""
    monkeypatch.setattr(server, "run", AsyncMock())
    outside = MagicMock(telemetry=Telemetry(), standings=Standings(), settings=Settings(webhook_configuration="w"))
    outside.elector.valid_for.return_value, outside.clock.now.return_value = 10.0, 1000.0
    show(outside, MagicMock(depth=0, oldest=0.0))
    await admit(outside)
    found: dict[str, list[dict[str, str]]] = {}
    for family in text_string_to_metric_families((await outside.telemetry.render()).decode()):
        for sample in family.samples:
            found.setdefault(sample.name, []).append(sample.labels)
    return found


def test_neither_is_made_unless_asked_for(default: Rendered) -> None:
    """Clusters that do not know these kinds refuse them."""
    assert default.all("PrometheusRule") + default.all("PodMonitor") == []


def test_each_is_made_without_the_other(helm: Helm) -> None:
    alone = helm.render({"alerts": {"enabled": True}})
    assert (len(rules(alone)), alone.all("PodMonitor")) == (10, [])
    assert helm.render({"metrics": {"podMonitor": {"enabled": True}}}).all("PrometheusRule") == []


def test_every_rule_says_what_where_and_how_bad(monitored: Rendered) -> None:
    """In full sentences, with a number in them."""
    for name, rule in rules(monitored).items():
        assert name.startswith("GracefulService")
        assert rule["labels"].keys() == {"severity"}
        assert rule["labels"]["severity"] in ("info", "warning", "critical")
        said = rule["annotations"]
        assert said.keys() == {"summary", "description", "runbook"}
        assert all(re.fullmatch(r"[A-Z{].*\.", said[part]) for part in ("summary", "description")), name
        assert re.search(r"\$value|\d", said["description"]), name


async def test_every_metric_of_an_expression_is_exported(
    monitored: Rendered, exported: dict[str, list[dict[str, str]]]
) -> None:
    """With the very values of labels that it asks for; `namespace` is Prometheus' own."""
    for name, rule in rules(monitored).items():
        selectors = SELECTOR.findall(rule["expr"])
        assert selectors, name
        for metric, matchers in selectors:
            assert metric in exported, f"{name}: {metric}"
            for label, value in MATCHER.findall(matchers):
                known = {labels.get(label) for labels in exported[metric]}
                assert label == "namespace" or {*value.split("|")} <= known, f"{name}: {label}={value}"


def test_an_outage_is_told_in_time(monitored: Rendered) -> None:
    """A pass that sees it, a scrape, the minute that a condition lasts before it is told, and an evaluation."""
    rule = rules(monitored)["GracefulServiceMetricsUnreadable"]
    (threshold,) = re.findall(r">= (\d+)$", rule["expr"])
    (endpoint,) = monitored.one("PodMonitor")["spec"]["podMetricsEndpoints"]
    (group,) = monitored.one("PrometheusRule")["spec"]["groups"]
    noticed = BY_PROMETHEUS.tick + BY_PROMETHEUS.delay + TIMEOUT
    waits = [
        float(threshold),
        seconds(rule.get("for", "0s")),
        seconds(endpoint["interval"]),
        seconds(group["interval"]),
    ]
    assert noticed + sum(waits) <= LATEST


def anchors(text: str) -> Iterator[str]:
    """Where links into a page can lead."""
    for heading in re.findall(r"^#+ (.*)$", text, re.MULTILINE):
        yield re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-")


def test_every_rule_leads_to_a_paragraph_of_its_own(monitored: Rendered) -> None:
    """And none is left of a rule that is gone."""
    places = [rule["annotations"]["runbook"] for rule in rules(monitored).values()]
    found = {f"docs/at-night.md#{anchor}" for anchor in anchors(NIGHT.read_text())}
    assert {*places} <= found
    assert len({*places}) == len(places)
    assert {*places} == {place for place in found if "#gracefulservice" in place}


def test_every_rule_is_tried_both_ways(monitored: Rendered) -> None:
    """Some time at which it fires, and some at which it does not."""
    tried: dict[str, set[bool]] = {}
    for file in FILES:
        for test in yaml.safe_load(file.read_text())["tests"]:
            for check in test["alert_rule_test"]:
                tried.setdefault(check["alertname"], set()).add(bool(check["exp_alerts"]))
    assert tried == {name: {True, False} for name in rules(monitored)}


@pytest.fixture(scope="session")
def promtool() -> Path:
    """That of the local cluster's Prometheus where it has one, else the one on PATH."""
    beside = programs.prometheus.folder / "promtool"
    if is_built(programs.prometheus) and beside.exists():
        return beside
    found = shutil.which("promtool")
    if found is None:
        pytest.skip(
            "There is no promtool on PATH; it comes with every Prometheus, in Debian in the package prometheus."
        )
    return Path(found)


def asked(promtool: Path, *words: str, folder: Path) -> None:
    """What it says must be good."""
    done = subprocess.run([promtool, *words], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def written(rendered: Rendered, folder: Path) -> None:
    """The rules as Prometheus reads them, where the tests look for them."""
    (folder / "rules.yaml").write_text(yaml.safe_dump(rendered.one("PrometheusRule")["spec"]))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_rule_fires_when_it_must_and_not_otherwise(
    promtool: Path, monitored: Rendered, tmp_path: Path, file: Path
) -> None:
    """By Prometheus' own evaluation, to the second and to the word."""
    written(monitored, tmp_path)
    shutil.copy(file, tmp_path)
    asked(promtool, "test", "rules", file.name, folder=tmp_path)


@pytest.mark.parametrize("values", [MONITORED, {"alerts": {"enabled": True}}], ids=str)
def test_prometheus_reads_the_rules(promtool: Path, helm: Helm, tmp_path: Path, values: Object) -> None:
    written(helm.render(values), tmp_path)
    asked(promtool, "check", "rules", "rules.yaml", folder=tmp_path)


def test_the_absence_of_everybody_is_that_of_this_release(helm: Helm, monitored: Rendered) -> None:
    """Only a PodMonitor is known to give the label by which it is told from another one."""
    expr = rules(monitored)["GracefulServiceOperatorDown"]["expr"]
    assert expr.count('gracefulservice_leading{namespace="operators"}') == 2
    assert "{" not in rules(helm.render({"alerts": {"enabled": True}}))["GracefulServiceOperatorDown"]["expr"]


def test_the_monitor_finds_the_pods(monitored: Rendered) -> None:
    spec = monitored.one("PodMonitor")["spec"]
    assert spec["selector"]["matchLabels"].items() <= monitored.pod["metadata"]["labels"].items()
    (endpoint,) = spec["podMetricsEndpoints"]
    assert endpoint["port"] in [port["name"] for port in monitored.container["ports"]]
    assert endpoint["path"] == "/metrics"


def test_labels_and_the_interval_are_settable(helm: Helm) -> None:
    """By labels a Prometheus finds what is meant for it."""
    monitor: dict[str, Any] = {"enabled": True, "interval": "30s", "labels": {"release": "metrics"}}
    rendered = helm.render({"alerts": {"enabled": True, "labels": {"team": "a"}}, "metrics": {"podMonitor": monitor}})
    found = rendered.one("PodMonitor")
    assert (found["metadata"]["labels"]["release"], found["spec"]["podMetricsEndpoints"][0]["interval"]) == (
        "metrics",
        "30s",
    )
    assert rendered.one("PrometheusRule")["metadata"]["labels"]["team"] == "a"
