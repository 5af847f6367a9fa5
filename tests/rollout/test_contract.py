"""The contract: every pod keeps serving until everybody knows, and has the time to finish what it began."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gracefulservice.api.problems import Problem
from gracefulservice.rollout.contract import Contract, resolve
from gracefulservice.rollout.sizes import Sizes
from tests.support.admission import SMALLEST, container, merged

Json = dict[str, Any]


def contract(**fields: Any) -> Contract:
    """What the smallest object with these fields resolves to; it must be free of problems."""
    found = resolve(written(**fields))
    assert isinstance(found, Contract), found
    return found


def problems(**fields: Any) -> tuple[Problem, ...]:
    """What is wrong with the smallest object with these fields; something must be."""
    found = resolve(written(**fields))
    assert isinstance(found, tuple)
    return found


def written(**fields: Any) -> Json:
    """The input of a revision."""
    base = {"template": SMALLEST["spec"]["template"]}
    return merged(base, fields)


def pods(*containers: Json, **spec: Any) -> Json:
    """A template with these containers."""
    return {"spec": {"containers": list(containers), **spec}}


def asleep(seconds: int) -> Json:
    """A hook of the user's own."""
    return {"preStop": {"sleep": {"seconds": seconds}}}


WEB = {"name": "web", "ports": [{"containerPort": 8080}]}
LOGS = {"name": "logs"}
PROXY = {"name": "proxy", "restartPolicy": "Always", "ports": [{"containerPort": 15000, "name": "mesh"}]}


@pytest.mark.parametrize(
    ("shutdown", "grace", "resolved"),
    [
        (None, None, (10, 30, 5, 45)),
        ({"delay": "5s", "drain": "10s"}, None, (5, 10, 5, 20)),
        ({"delay": "1500ms", "drain": "1s", "margin": "0s"}, None, (2, 1, 0, 3)),
        ({"delay": "0s", "drain": "0s", "margin": "0s"}, None, (0, 0, 0, 0)),
        (None, 30, (10, 15, 5, 30)),
        ({"drain": "10s"}, 60, (10, 10, 5, 60)),
        ({"delay": "5s", "drain": "20s"}, 30, (5, 20, 5, 30)),
    ],
)
def test_the_times_add_up(shutdown: Json | None, grace: int | None, resolved: tuple[float, ...]) -> None:
    """Delay, drain, margin and grace: what the user wrote stands, defaults fill what is left."""
    fields: Json = {"template": {"spec": {"terminationGracePeriodSeconds": grace}}}
    found = contract(**fields | ({"shutdown": shutdown} if shutdown else {}))
    assert (found.delay, found.drain, found.margin, found.grace) == resolved


@pytest.mark.parametrize(
    ("p99", "drain"),
    [(None, 30), (0.2, 5), (3.3, 5), (4.0, 6), (20.1, 31), (200.0, 300), (999.0, 300)],
)
def test_a_drain_that_follows_the_latency(p99: float | None, drain: int) -> None:
    """One and a half times the p99 in whole seconds, within reason; the rest of the arithmetic is the same."""
    found = resolve(written(shutdown={"drain": "auto"}), Sizes(p99=p99))
    assert isinstance(found, Contract)
    assert (found.drain, found.grace) == (drain, 10 + drain + 5)
    assert resolve(written(shutdown={"drain": "7s"}), Sizes(p99=p99)) == contract(shutdown={"drain": "7s"})


def test_a_delay_that_is_measured() -> None:
    """It is slept like any other, and gives way to a hook of the user's own."""
    auto: Json = {"delay": "auto"}
    found = resolve(written(shutdown=auto), Sizes(delay=16.0))
    assert isinstance(found, Contract)
    assert (found.delay, found.containers["app"].sleep, found.grace) == (16, 16, 16 + 30 + 5)
    asleep_longer = resolve({"template": pods(WEB | {"lifecycle": asleep(4)}), "shutdown": auto}, Sizes(delay=16.0))
    assert isinstance(asleep_longer, Contract)
    assert (asleep_longer.delay, asleep_longer.containers["web"].sleep) == (4, None)


def test_a_hook_of_unknown_length_needs_a_number() -> None:
    """Nobody can measure how long a program of the user's runs."""
    hook = {"preStop": {"httpGet": {"path": "/drain", "port": 8080}}}
    (problem,) = problems(template=pods(WEB | {"lifecycle": hook}), shutdown={"delay": "auto"})
    assert problem.field.endswith("[web].lifecycle.preStop")


def test_a_drain_that_is_measured_has_no_fixed_time() -> None:
    """The two say different things, and neither is guessed at; nothing else is said of that time."""
    (problem,) = problems(shutdown={"drain": "auto"}, template={"spec": {"terminationGracePeriodSeconds": 9}})
    assert problem.field == "spec.template.spec.terminationGracePeriodSeconds"
    assert "shutdown.drain is auto, but terminationGracePeriodSeconds (9)" in problem.sentence


TIMES = st.none() | st.integers(0, 90_000)


@given(
    delay=TIMES, drain=TIMES, margin=TIMES, grace=st.none() | st.integers(0, 120), own=st.none() | st.integers(0, 60)
)
def test_no_pod_is_killed_before_its_time(
    delay: int | None, drain: int | None, margin: int | None, grace: int | None, own: int | None
) -> None:
    """For any numbers there is either a problem, or time for the longest delay, the drain and the margin.

    Whatever the user wrote is in the contract as it was written.
    """
    times = {"delay": delay, "drain": drain, "margin": margin}
    shutdown = {field: f"{value % 60_000}ms" for field, value in times.items() if value is not None}
    spec: Json = container(**({"lifecycle": asleep(own)} if own is not None else {}))
    found = resolve({"template": {"spec": spec | {"terminationGracePeriodSeconds": grace}}, "shutdown": shutdown})
    if isinstance(found, tuple):
        assert grace is not None or (own is not None and delay is not None)
        return
    slept = found.containers["app"].sleep or own or 0
    assert found.grace >= slept + (drain or 0) % 60_000 / 1000 + found.margin - 1e-9
    assert found.grace >= found.delay + found.drain + found.margin - 1e-9
    assert grace in (None, found.grace)
    assert slept == found.delay


def test_every_regular_container_sleeps_and_no_other() -> None:
    """A classic sidecar that stops early takes the pod's traffic with it; a native one is stopped last anyway."""
    migrate = {"name": "migrate"}
    found = contract(template=pods(WEB, LOGS, initContainers=[PROXY, migrate]))
    assert {name: added.sleep for name, added in found.containers.items()} == {"web": 10, "logs": 10, "proxy": None}


def test_a_delay_is_slept_in_whole_seconds() -> None:
    """Kubernetes counts no fractions: up, never down."""
    assert contract(shutdown={"delay": "2500ms"}).containers["app"].sleep == 3


def test_no_delay_adds_no_hook() -> None:
    """The switch with which the suite proves that it can lose requests."""
    assert contract(shutdown={"delay": "0s"}).containers["app"].sleep is None


def test_a_hook_of_the_users_own_stands() -> None:
    """The sleep in the template is the delay of its container, and counts in the arithmetic."""
    found = contract(template=pods(WEB | {"lifecycle": asleep(20)}, LOGS))
    assert found.containers["web"].sleep is None
    assert found.containers["logs"].sleep == 10
    assert (found.delay, found.grace) == (20, 55)


def test_a_hook_of_unknown_length_lasts_as_long_as_the_user_says() -> None:
    """The delay is the number for the arithmetic, and no second hook is added."""
    hook = {"preStop": {"httpGet": {"path": "/drain", "port": 8080}}}
    found = contract(template=pods(WEB | {"lifecycle": hook}), shutdown={"delay": "15s"})
    assert found.containers["web"].sleep is None
    assert (found.delay, found.grace) == (15, 50)


def test_other_hooks_do_not_stand_in_the_way() -> None:
    """A postStart hook says nothing about stopping."""
    hook = {"postStart": {"exec": {"command": ["warm"]}}}
    assert contract(template=pods(WEB | {"lifecycle": hook})).containers["web"].sleep == 10


def test_without_a_probe_the_port_is_asked() -> None:
    """A pod gets traffic once somebody listens; only the container that serves is asked."""
    found = contract(template=pods(LOGS, WEB)).containers
    assert found["web"].probes == {"readinessProbe": {"tcpSocket": {"port": "http"}, "periodSeconds": 5}}
    assert found["logs"].probes == {}


def test_short_forms_become_core_v1() -> None:
    """Path, port and period; and a liveness probe never kills a slow start."""
    probes = {
        "readiness": {"path": "/readyz", "period": "2s", "failureThreshold": 2},
        "liveness": {"path": "/healthz", "port": 9090, "periodSeconds": 10, "timeoutSeconds": 3},
        "startup": {"within": "61s"},
    }
    assert contract(probes=probes).containers["app"].probes == {
        "readinessProbe": {
            "httpGet": {"path": "/readyz", "port": "http"}, "periodSeconds": 2, "failureThreshold": 2
        },
        "livenessProbe": {
            "httpGet": {"path": "/healthz", "port": 9090}, "periodSeconds": 10, "timeoutSeconds": 3
        },
        "startupProbe": {
            "httpGet": {"path": "/healthz", "port": 9090}, "timeoutSeconds": 3,
            "periodSeconds": 2, "failureThreshold": 31
        },
    }  # fmt: skip


def test_probes_of_the_users_own_stand() -> None:
    """What is written in the template is not written again; a startup probe asks what its liveness probe asks."""
    own = {
        "readinessProbe": {"grpc": {"port": 8080}},
        "livenessProbe": {"exec": {"command": ["alive"]}, "initialDelaySeconds": 60, "periodSeconds": 9},
    }
    found = contract(template=pods(WEB | own, LOGS | own))
    startup = {"exec": {"command": ["alive"]}, "periodSeconds": 2, "failureThreshold": 150}
    assert found.containers["web"].probes == {"startupProbe": startup}
    assert found.containers["logs"].probes == {"startupProbe": startup}


def test_a_startup_probe_of_the_users_own_stands() -> None:
    """It is the user who knows how long the start may take."""
    own = {"livenessProbe": {"grpc": {"port": 8080}}, "startupProbe": {"grpc": {"port": 8081}}}
    assert contract(template=pods(WEB | own)).containers["web"].probes.keys() == {"readinessProbe"}


@pytest.mark.parametrize(
    ("probes", "own", "field"),
    [
        ({"readiness": {"path": "/"}}, {"readinessProbe": {"grpc": {"port": 1}}}, "spec.probes.readiness"),
        ({"liveness": {"path": "/"}}, {"livenessProbe": {"grpc": {"port": 1}}}, "spec.probes.liveness"),
        ({"startup": {"within": "1m"}}, {"startupProbe": {"grpc": {"port": 1}}}, "spec.probes.startup"),
        ({"readiness": {"port": "nowhere"}}, {}, "spec.probes.readiness.port"),
    ],
)
def test_probes_that_contradict_the_template_are_refused(probes: Json, own: Json, field: str) -> None:
    """The same question asked twice, or asked at a port that does not exist."""
    (problem,) = problems(template=pods(WEB | own), probes=probes)
    assert problem.field == field


def test_all_problems_come_at_once() -> None:
    """Times, keys and ports are looked at together."""
    found = problems(
        template=pods(LOGS, metadata={}, terminationGracePeriodSeconds=3)
        | {"metadata": {"labels": {"gracefulservice.dev/x": "1"}}},
    )
    assert {problem.field for problem in found} == {
        "spec.template.spec.terminationGracePeriodSeconds",
        "spec.template.metadata.labels",
        "spec.ports",
    }


def test_an_input_that_cannot_be_read_is_a_problem_too() -> None:
    """An object from before the schema, or a record somebody edited."""
    (problem,) = problems(template=pods({"name": "web", "ports": [{"containerPort": "many"}]}))
    assert problem.field == "spec.template.spec.containers[0].ports[0].containerPort"


@pytest.mark.parametrize("fields", [{}, {"shutdown": {"delay": "2500ms"}}, {"probes": {"liveness": {"path": "/"}}}])
def test_a_contract_is_the_same_after_it_was_stored(fields: Mapping[str, Any]) -> None:
    """What a revision's record says is what was decided when it was made."""
    before = contract(**fields)
    assert Contract.model_validate_json(before.model_dump_json(by_alias=True, exclude_none=True)) == before
