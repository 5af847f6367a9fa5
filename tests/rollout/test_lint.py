"""Warnings: mistakes that Kubernetes accepts are named with field, value and fix, and nothing else is."""

from typing import Any

import pytest

from gracefulservice.rollout.lint import warnings
from tests.support.admission import SMALLEST, merged

Json = dict[str, Any]

HEALTHZ = {"httpGet": {"path": "/healthz", "port": 8080}}


def warned(change: Json | None = None, **fields: Any) -> list[tuple[str, str]]:
    """Field and sentence of each warning about the smallest object, whose container has `fields` besides."""
    base = SMALLEST["spec"]["template"]["spec"]["containers"][0]
    template = {"template": {"spec": {"containers": [base | fields]}}}
    spec = merged(merged(SMALLEST["spec"], template), change or {})
    return [(one.field, one.sentence) for one in warnings(spec)]


def test_nothing_is_wrong_with_the_smallest_object() -> None:
    """Nobody reads warnings that are always there."""
    assert warned() == []


@pytest.mark.parametrize(
    ("command", "args", "program"),
    [
        (["sh", "-c", "java -jar shop.jar"], [], "java"),
        (["/bin/bash", "-ec"], ["cd /app && migrate; python -m shop"], "python"),
        (["/bin/sh", "-c", "node server.js\n"], [], "node"),
        (["sh", "-c", "executor --port 80"], [], "executor"),
        (["sh", "-c", "exec java -jar shop.jar"], [], None),
        (["sh", "-c", "cd /app && exec java"], [], None),
        (["bash", "-c", "trap 'kill $!' TERM; java & wait"], [], None),
        (["sh", "/start.sh"], [], None),
        (["java", "-c", "sh"], [], None),
        (["tini", "--", "sh", "-c", "java"], [], None),
        ([], ["-c", "java"], None),
        ("sh -c java", [], None),
    ],
)
def test_a_shell_that_passes_on_no_signal(command: Any, args: list[str], program: str | None) -> None:
    """Only where the script is there to be read and hands over to nobody."""
    found = warned(command=command, args=args)
    assert [field for field, _ in found] == ["spec.template.spec.containers[app].command"] * bool(program)
    assert not program or f"(exec {program} …)" in found[0][1]


def test_sidecars_are_looked_at_and_what_ends_is_not() -> None:
    """A native sidecar gets SIGTERM as well; an init container that ends by itself never does."""
    shell = {"image": "proxy", "command": ["sh", "-c", "envoy"]}
    inits = [{"name": "proxy", "restartPolicy": "Always"} | shell, {"name": "migrate"} | shell]
    found = warned({"template": {"spec": {"initContainers": inits}}})
    assert [field for field, _ in found] == ["spec.template.spec.initContainers[proxy].command"]


@pytest.mark.parametrize(
    ("hook", "seconds"),
    [
        ({"exec": {"command": ["sleep", "15"]}}, "15"),
        ({"exec": {"command": ["/bin/sleep", "5"]}}, "5"),
        ({"exec": {"command": ["sh", "-c", "nginx -s quit; sleep 7"]}}, "7"),
        ({"exec": {"command": ["/app/drain", "--nosleep", "5"]}}, None),
        ({"sleep": {"seconds": 15}}, None),
        ({"httpGet": {"path": "/sleep 5", "port": 8080}}, None),
    ],
)
def test_a_hook_that_needs_a_program_to_wait(hook: Json, seconds: str | None) -> None:
    """The native sleep needs none."""
    found = warned({"shutdown": {"delay": "15s"}}, lifecycle={"preStop": hook})
    assert [field for field, _ in found] == ["spec.template.spec.containers[app].lifecycle.preStop.exec"] * bool(
        seconds
    )
    assert not seconds or f"sleep: {{seconds: {seconds}}}" in found[0][1]


@pytest.mark.parametrize(
    ("probes", "own", "field"),
    [
        ({"readiness": {"path": "/ready"}, "liveness": {"path": "/ready"}}, {}, "spec.probes.liveness"),
        ({"liveness": {"path": "/healthz", "port": 8080}}, {"readinessProbe": HEALTHZ}, "spec.probes.liveness"),
        (
            {},
            {"readinessProbe": HEALTHZ, "livenessProbe": HEALTHZ | {"failureThreshold": 5}},
            "spec.template.spec.containers[app].livenessProbe",
        ),
        ({"readiness": {"path": "/ready"}, "liveness": {"path": "/live"}}, {}, None),
        ({"readiness": {"path": "/ready"}, "liveness": {"path": "/ready", "port": 9090}}, {}, None),
        ({"readiness": {"path": "/x"}, "liveness": {"path": "/x", "failureThreshold": 9}}, {}, None),
        ({"liveness": {}}, {}, None),
        ({}, {"readinessProbe": HEALTHZ}, None),
        ({}, {"livenessProbe": HEALTHZ}, None),
    ],
)
def test_liveness_that_asks_what_readiness_asks(probes: Json, own: Json, field: str | None) -> None:
    """Not where it waits three times as long, and not where a port that is open is all that is asked."""
    found = warned({"probes": probes}, **own)
    assert [one for one, _ in found] == ([field] if field else [])


def test_how_patient_liveness_must_be_is_counted() -> None:
    """Readiness gives up after 10 s × 3; 30 s × 3 are ninety, hence 9 of liveness' own 10 s."""
    ((_, sentence),) = warned(readinessProbe=HEALTHZ, livenessProbe=HEALTHZ)
    assert "(/healthz on port 8080)" in sentence
    assert sentence.endswith("raise failureThreshold to 9.")
    assert warned(readinessProbe=HEALTHZ, livenessProbe=HEALTHZ | {"failureThreshold": 9}) == []


@pytest.mark.parametrize(("delay", "short"), [("0s", True), ("1999ms", True), ("2s", False), ("5s", False)])
def test_a_delay_of_almost_nothing(delay: str, short: bool) -> None:
    """Nobody has heard of the pod's end by then."""
    found = warned({"shutdown": {"delay": delay}})
    assert [field for field, _ in found] == ["spec.shutdown.delay"] * short
    assert not short or f"shutdown.delay is {delay}" in found[0][1]


@pytest.mark.parametrize(("delay", "short"), [(None, True), ("29s", True), ("30s", False)])
def test_clients_of_a_headless_service_remember_addresses(delay: str | None, short: bool) -> None:
    """Until their memory ends the pod must go on serving."""
    shutdown = {"shutdown": {"delay": delay}} if delay else {}
    found = warned(shutdown | {"template": {"spec": {"subdomain": "peers"}}})
    assert [field for field, _ in found] == ["spec.template.spec.subdomain"] * short


def test_a_stop_signal_that_nobody_can_handle() -> None:
    """Any other one may be the program's own."""
    assert [field for field, _ in warned(lifecycle={"stopSignal": "SIGKILL"})] == [
        "spec.template.spec.containers[app].lifecycle.stopSignal"
    ]
    assert warned(lifecycle={"stopSignal": "SIGQUIT"}) == []


def test_what_cannot_be_read_is_no_matter_of_warnings() -> None:
    """It is refused elsewhere, with its own sentence."""
    assert warnings({"template": {"spec": {"containers": []}}}) == ()
    assert warnings({}) == ()
