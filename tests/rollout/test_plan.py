"""The plan: every field of the spec resolved once, or every problem with its path."""

from typing import Any

import pytest

from gracefulservice.rollout.objective import Counts
from gracefulservice.rollout.plan import RouteRef, Step, build

from .builders import COUNTER, ERRORS, RAMP, ROUTE, plan, spec

CUSTOM = {"source": "custom", "custom": {"total": "all_total", "bad": "bad_total", "buckets": "seconds_bucket"}}

SCRAPED = {"source": "pods", "custom": {"total": "t_total", "bad": "b_total", "buckets": 'd_bucket{code=~"(2..)"}'}}


def problems(**fields: Any) -> dict[str, str]:
    """Field → sentence of everything that is wrong."""
    found = build("shop", spec(**fields))
    assert isinstance(found, tuple), "the spec became a plan"
    return {problem.field: problem.sentence for problem in found}


@pytest.mark.parametrize(
    ("story", "fields", "field", "value"),
    [
        ("without a route pods split the traffic", {"weighted": False}, "weighted", False),
        ("a route splits it", {}, "weighted", True),
        ("without objectives nothing is judged", {}, "judged", False),
        ("an objective is judged", {"objectives": ERRORS}, "judged", True),
        ("steps are kept as written", {}, "steps", (Step(25, 5.0), Step(50, 5.0))),
        ("objectives without steps climb by the budget", {"canary": RAMP, "objectives": ERRORS}, "steps", ()),
        ("without either a short ladder is held", {"canary": RAMP}, "steps", (Step(20, 10.0), Step(50, 10.0))),
        ("the budget is the user's", {"canary": {"errorBudget": 7}}, "budget", 7),
        ("the budget is 20 beside steps", {}, "budget", 20),
        ("no address means the operator's", {}, "prometheus", None),
        ("an address is taken", {"metrics": {"prometheus": {"url": "http://p:9090"}}}, "prometheus", "http://p:9090"),
        ("policies are taken", {"onOutage": "Pause"}, "on_outage", "Pause"),
        ("the default is to hold", {}, "on_no_traffic", "Hold"),
        ("the default on a violation is to roll back", {}, "on_violation", "Rollback"),
        ("ten old revisions are kept", {}, "history_limit", 10),
        ("times are seconds", {}, "progress_deadline", 40.0),
    ],
)
def test_the_plan_says_what_the_user_asked_for(story: str, fields: dict[str, Any], field: str, value: Any) -> None:
    """One field per row."""
    assert getattr(plan(**fields), field) == value, story


def test_a_step_may_hold_pause_and_name_its_pods() -> None:
    """All that a step can say."""
    step = {"weight": 0.5, "hold": "1m30s", "pause": "UntilResumed", "replicas": 3}
    assert plan(canary={"steps": [step]}).steps == (Step(0.5, 90.0, pause=True, replicas=3),)


def test_the_users_route_is_taken_by_name() -> None:
    """Only its weights are ours."""
    assert plan().route == RouteRef(name="shop", ours=False)


def test_a_route_of_our_own_bears_the_services_name() -> None:
    """It is made from the Gateways and host names."""
    route = {"parentRefs": [{"name": "edge", "sectionName": "http"}], "hostnames": ["shop.example"]}
    made = plan(traffic={"routes": [{"name": "web", "gatewayAPI": route}]}).route
    parents = ({"name": "edge", "sectionName": "http"},)
    assert made == RouteRef(name="shop", ours=True, parent_refs=parents, hostnames=("shop.example",))


@pytest.mark.parametrize(
    ("story", "fields", "found"),
    [
        ("no objective", {}, []),
        ("errors of the application", {"objectives": ERRORS}, [("errorRate", COUNTER, COUNTER, Counts.BAD)]),
        (
            "errors of the user's own counters",
            {"objectives": ERRORS, "metrics": CUSTOM},
            [("error rate", "all_total", "bad_total", Counts.BAD)],
        ),
        (
            "good answers of the user's own counters",
            {"objectives": ERRORS, "metrics": {"source": "custom", "custom": {"total": "a", "good": "g"}}},
            [("error rate", "a", "g", Counts.GOOD)],
        ),
        (
            "two quantiles of the application",
            {"objectives": {"latency": {"p50": "100ms", "p99": "300ms"}}},
            [(name, *2 * ("http_request_duration_seconds_bucket",), Counts.GOOD) for name in ("p50", "p99")],
        ),
        (
            "a quantile of the user's own buckets",
            {"objectives": {"latency": {"p99": "300ms"}}, "metrics": CUSTOM},
            [("p99", "seconds_bucket", "seconds_bucket", Counts.GOOD)],
        ),
        (
            "events of the user's own, by their bad and by their good ones",
            {
                "objectives": {
                    "custom": [
                        {"name": "orders", "bad": "lost_total", "total": "orders_total", "max": "1%"},
                        {"name": "mails", "good": "sent_total", "total": "mails_total", "max": "2%"},
                    ]
                }
            },
            [("orders", "orders_total", "lost_total", Counts.BAD), ("mails", "mails_total", "sent_total", Counts.GOOD)],
        ),
    ],
)
def test_objectives_name_their_counters(story: str, fields: dict[str, Any], found: list[Any]) -> None:
    """What is asked of Prometheus for each objective."""
    named = [(one.name, one.total, one.part, one.counts) for one in plan(**fields).objectives]
    assert named == found, story


@pytest.mark.parametrize(
    ("story", "fields", "field", "words"),
    [
        ("a wrong type", {"replicas": "many"}, "spec.replicas", "integer"),
        (
            "a latency that has no buckets",
            {"objectives": {"latency": {"p99": "1s"}}, "metrics": {"source": "custom", "custom": {"total": "a"}}},
            "spec.metrics.custom.buckets",
            "checkout_seconds_bucket",
        ),
        (
            "an error rate without any counter",
            {"objectives": ERRORS, "metrics": {"source": "custom"}},
            "spec.metrics.custom",
            "metrics.custom.total",
        ),
        (
            "a function instead of a counter",
            {"objectives": {"custom": [{"name": "x", "bad": "rate(a[1m])", "total": "b", "max": "1%"}]}},
            "spec.objectives, x",
            "the function rate",
        ),
        (
            "buckets that no objective reads, and pods are sized by",
            {"objectives": ERRORS, "metrics": SCRAPED},
            "spec.metrics.custom.buckets",
            "leave out groups",
        ),
        (
            "the same without any objective",
            {"metrics": SCRAPED},
            "spec.metrics.custom.buckets",
            "leave out groups",
        ),
        (
            "a total that no objective reads",
            {"metrics": {"source": "custom", "custom": {"total": "rate(a[1m])"}}},
            "spec.metrics.custom.total",
            "the function rate",
        ),
        (
            "weights that fall",
            {"canary": {"steps": [{"weight": 50}, {"weight": 20}]}},
            "spec.rollout.canary.steps[1].weight",
            "20 does not rise above 50",
        ),
    ],
)
def test_a_problem_names_its_field_and_the_fix(story: str, fields: dict[str, Any], field: str, words: str) -> None:
    """One sentence per problem, at the field that has it."""
    found = problems(**fields)
    assert field in found, (story, found)
    assert words in found[field], story


def test_a_selector_is_refused_once() -> None:
    """By the objective that reads it."""
    own = {"total": "rate(a[1m])", "bad": "b"}
    assert list(problems(objectives=ERRORS, metrics={"source": "custom", "custom": own})) == [
        "spec.objectives, error rate"
    ]


def test_all_problems_are_named_at_once() -> None:
    """The contract's, the objectives' and the steps'."""
    found = problems(
        canary={"steps": [{"weight": 50}, {"weight": 20}]},
        objectives=ERRORS,
        metrics={"source": "custom"},
        template={"spec": {"containers": [{"name": "app", "image": "shop:1"}]}},
    )
    assert len(found) >= 3, found


def test_a_route_changes_no_revision() -> None:
    """Traffic is how a revision is rolled out, not what it is."""
    assert plan(traffic=ROUTE).revision.id == plan(weighted=False).revision.id
