"""What the operator says about itself: probes, metrics and log lines, over HTTP and as they are printed."""

import json
import logging
import warnings
from collections.abc import Iterator

import aiohttp
import pytest
import structlog
from aiohttp.test_utils import unused_port
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from gracefulservice.cluster import requests
from gracefulservice.cluster.kinds import DEPLOYMENT, Ref
from gracefulservice.ports import Owner
from gracefulservice.rollout.happenings import Fault
from gracefulservice.rollout.memory import Happening
from gracefulservice.telemetry import Counted, Health, Telemetry, configure_logs, serving


async def fetched(path: str, telemetry: Telemetry, health: Health) -> tuple[int, str]:
    """What the operator's own server answers."""
    port = unused_port()
    async with (
        serving(telemetry, health, port),
        aiohttp.ClientSession() as session,
        session.get(f"http://127.0.0.1:{port}{path}") as response,
    ):
        return response.status, await response.text()


SHOP = Owner({"metadata": {"namespace": "shop", "name": "web"}})


class Silent:
    """A notifier that reaches nobody."""

    async def tell(self, owner: Owner, happening: Happening) -> None:
        """Say nothing."""


HEALTH = {
    "alive": ("/livez", Health(), (200, "ok")),
    "ill": ("/livez", Health(alive=lambda: ["A look has run for 312 s."]), (503, "A look has run for 312 s.")),
    "ill, yet as ready as before": ("/readyz", Health(alive=lambda: ["A look hangs."]), (200, "ok")),
    "not ready, and why": ("/readyz", Health(ready=lambda: ["No lease.", "No."]), (503, "No lease.\nNo.")),
}


@pytest.mark.parametrize(("path", "health", "answer"), HEALTH.values(), ids=HEALTH)
async def test_probes_say_what_is_wrong(path: str, health: Health, answer: tuple[int, str]) -> None:
    """200 or 503, and a sentence for whoever looks."""
    assert await fetched(path, Telemetry(), health) == answer


async def test_metrics_are_what_was_counted() -> None:
    """Every metric of the operator, with its labels, as Prometheus reads them."""
    telemetry = Telemetry()
    telemetry.called(requests.read(Ref(DEPLOYMENT, "shop", "web")), "200", 0.02)
    telemetry.looked("Unreachable", 0.3)
    telemetry.campaigned(held=True)
    counted = Counted(Silent(), telemetry)
    for number, (reason, fault) in enumerate((("RolloutStarted", ""), ("RolledBack", "CrashLoop")), start=1):
        await counted.tell(
            SHOP, Happening(id=number, reason=reason, sentence="So it is.", at=0, fault=fault, errors=4 if fault else 0)
        )
    telemetry.aged(6.0)
    telemetry.watch("queue_depth", "Objects that wait.", lambda: 3)
    status, text = await fetched("/metrics", telemetry, Health())
    found = {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    assert status == 200
    call = (("code", "200"), ("kind", "Deployment"), ("verb", "read"))
    assert found["gracefulservice_api_requests_total", call] == 1
    assert found["gracefulservice_api_request_seconds_count", (("verb", "read"),)] == 1
    assert found["gracefulservice_reconcile_seconds_sum", (("result", "Unreachable"),)] == 0.3
    assert found["gracefulservice_lease_attempts_total", (("held", "true"),)] == 1
    assert found["gracefulservice_happenings_total", (("reason", "RolloutStarted"),)] == 1
    assert found["gracefulservice_happenings_total", (("reason", "RolledBack"),)] == 1
    assert found["gracefulservice_errors_exposed_total", ()] == 4
    assert found["gracefulservice_rollbacks_total", (("cause", "CrashLoop"),)] == 1
    assert found["gracefulservice_evidence_age_seconds_bucket", (("le", "5.0"),)] == 0
    assert found["gracefulservice_evidence_age_seconds_bucket", (("le", "7.5"),)] == 1
    assert found["gracefulservice_queue_depth", ()] == 3
    assert "shop" not in text, "no object's name is a label"


async def test_what_alerts_watch_is_zero_before_it_happens() -> None:
    """A counter that appears with its first event has no increase that anybody could see."""
    text = (await Telemetry().render()).decode()
    found = {(one.name, *one.labels.values()) for kind in text_string_to_metric_families(text) for one in kind.samples}
    results = {"ok", "Bug", "Stale", "Unreachable", "Refused", "Invalid"}
    assert {("gracefulservice_reconcile_seconds_count", result) for result in results} <= found
    assert {("gracefulservice_rollbacks_total", fault) for fault in Fault} <= found


async def test_a_part_that_begins_anew_may_show_its_number_again() -> None:
    """The webhook does, after it broke: the second of its keepers is the one that knows."""
    telemetry = Telemetry()
    telemetry.watch("left_seconds", "What is left.", lambda: 1)
    telemetry.watch("left_seconds", "What is left.", lambda: 2)
    assert "gracefulservice_left_seconds 2.0" in (await telemetry.render()).decode()


async def test_a_scrape_in_between_sees_all_series_of_a_survey_or_none() -> None:
    """One that begins while another is being read must not find half of what there is: alerts would start anew."""
    telemetry = Telemetry()
    seen: list[str] = []

    def read() -> dict[tuple[str, ...], float]:
        seen.append(generate_latest(telemetry.registry).decode())
        return {("a",): 1, ("b",): 2}

    telemetry.survey("letters", "Letters.", ["letter"], read)
    for _ in range(2):
        text = (await telemetry.render()).decode()
    assert ['letter="' in one for one in seen] == [False, True]
    assert all(('letter="a"' in one) == ('letter="b"' in one) for one in [*seen, text])


@pytest.fixture
def _logging_as_before() -> Iterator[None]:
    """Leave logging as it was found."""
    root, kopf = logging.getLogger(), logging.getLogger("kopf.objects")
    before = root.handlers[:], root.level, kopf.level, kopf.handlers[:]
    kopf.handlers.clear()  # kopf adds one of its own wherever it has run in this process
    yield
    structlog.reset_defaults()
    logging.captureWarnings(capture=False)
    root.handlers[:], root.level = before[0], before[1]
    kopf.setLevel(before[2])
    kopf.handlers[:] = before[3]


@pytest.mark.usefixtures("_logging_as_before")
def test_every_line_is_one_json_object_whoever_wrote_it(capsys: pytest.CaptureFixture[str]) -> None:
    """Ours, kopf's with the object it speaks of, a warning of Python's, and a trace."""
    configure_logs("info", "json")
    structlog.stdlib.get_logger("gracefulservice.x").info("Looked.", key="shop/web", seconds=0.1)
    logging.getLogger("kopf.objects").warning(
        "Odd.", extra={"k8s_ref": {"namespace": "shop", "name": "web"}, "k8s_skip": True}
    )
    logging.getLogger("kopf.objects").info("Handler succeeded.")
    logging.getLogger("aiohttp.server").debug("Too much.")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("old", DeprecationWarning, stacklevel=1)
    try:
        raise ValueError("a bug")
    except ValueError as error:
        structlog.stdlib.get_logger("gracefulservice.y").error("Broken.", exc_info=error)
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [(line["logger"], line["level"]) for line in lines] == [
        ("gracefulservice.x", "info"),
        ("kopf.objects", "warning"),
        ("py.warnings", "warning"),
        ("gracefulservice.y", "error"),
    ]
    assert (lines[0]["event"], lines[0]["key"], lines[0]["seconds"]) == ("Looked.", "shop/web", 0.1)
    assert (lines[1]["event"], lines[1]["key"]) == ("Odd.", "shop/web")
    assert "ValueError: a bug" in lines[3]["exception"]
    assert all(line["timestamp"].endswith("Z") for line in lines)


@pytest.mark.usefixtures("_logging_as_before")
def test_lines_for_people_are_text(capsys: pytest.CaptureFixture[str]) -> None:
    """On a person's own terminal."""
    configure_logs("info", "text")
    structlog.stdlib.get_logger("gracefulservice.x").info("Looked.", key="shop/web")
    assert "Looked." in capsys.readouterr().err
