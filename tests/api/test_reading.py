"""Reading objects: what is taken is written back as it was, what is refused is refused with field and fix."""

import pytest
from pydantic import ValidationError

from gracefulservice.api import Command, GracefulService, Latency, Pods, Spec
from gracefulservice.api.problems import problems_of
from gracefulservice.rollout.plan import Plan, build
from tests.support.admission import SMALLEST, TAKEN, Json, merged
from tests.support.refusals import REFUSED, Refused


@pytest.mark.parametrize("change", TAKEN.values(), ids=TAKEN.keys())
def test_what_is_taken_is_written_back_as_it_was(change: Json) -> None:
    """Nothing is added, dropped or rewritten in the fields that make a revision."""
    written = merged(SMALLEST, change)["spec"]
    read = Spec.model_validate(written).model_dump(mode="json", by_alias=True, exclude_unset=True)
    fields = {field.alias for field in Pods.model_fields.values()}
    assert {k: v for k, v in read.items() if k in fields} == {k: v for k, v in written.items() if k in fields}
    assert isinstance(build("shop", written), Plan)


@pytest.mark.parametrize("refused", [pytest.param(one, id=one.id) for one in REFUSED if one.by in ("both", "reader")])
def test_the_reader_repeats_what_admission_says(refused: Refused) -> None:
    """An object stored before a rule existed is answered like one that is applied today."""
    problems = build("shop", refused.body["spec"])
    assert isinstance(problems, tuple)
    told = "\n".join(f"{problem.field}: {problem.sentence}" for problem in problems)
    assert all(words in told for words in refused.says), told
    assert all(problem.sentence.endswith(".") for problem in problems)


def test_all_problems_come_at_once() -> None:
    """A user who mistyped three fields repairs them in one go."""
    body = merged(
        SMALLEST,
        {"spec": {"replicas": -1, "shutdown": {"drain": "soon"}, "objectives": {"errorRate": {"max": "0%"}}}},
    )
    with pytest.raises(ValidationError) as refusal:
        Spec.model_validate(body["spec"])
    fields = {problem.field for problem in problems_of(refusal.value, "spec")}
    assert fields == {"spec.replicas", "spec.shutdown.drain", "spec.objectives.errorRate.max"}


def test_a_missing_field_is_named() -> None:
    """The path is the one Kubernetes would print."""
    with pytest.raises(ValidationError) as refusal:
        Spec.model_validate({"template": {"spec": {"containers": [{"image": "x"}]}}})
    (problem,) = problems_of(refusal.value, "spec")
    assert problem.field == "spec.template.spec.containers[0].name"
    assert problem.sentence == "The field is missing: add it."


def test_fields_of_a_later_version_are_no_problem() -> None:
    """An object written by a newer version is read without what is not known yet."""
    body = merged(SMALLEST, {"spec": {"adopt": {"name": "old"}}, "status": {"phase": "Healthy", "mood": "good"}})
    read = GracefulService.model_validate(body)
    assert read.spec.replicas == 4
    assert read.status.phase == "Healthy"


def test_defaults_are_those_of_the_documentation() -> None:
    """The smallest object: every time, count and policy that was left out."""
    spec = Spec.model_validate({"template": SMALLEST["spec"]["template"]})
    assert (spec.replicas, spec.history_limit) == (1, 10)
    assert (spec.rollout.progress_deadline, spec.rollout.bake, spec.rollout.warmup) == (600, 120, 30)
    assert spec.rollout.canary.error_budget == 20
    assert spec.metrics.source == "app"
    assert (spec.metrics.app.requests, spec.metrics.app.code_label) == ("http_requests_total", "code")
    assert (spec.on_no_traffic, spec.on_outage, spec.on_violation) == ("Hold", "Hold", "Rollback")


def test_latency_limits_are_seconds_by_quantile() -> None:
    """Only those that are set, in rising order."""
    limits = Latency.model_validate({"p999": "1s", "p50": "50ms"}).limits
    assert list(limits.items()) == [(0.5, 0.05), (0.999, 1.0)]


def test_a_command_is_read_from_its_annotation() -> None:
    """The JSON of the annotation, with everything but id and verb optional."""
    command = Command.model_validate_json('{"id": "1", "do": "promote", "full": true, "by": "ops"}')
    assert (command.do, command.full, command.revision) == ("promote", True, "")


@pytest.mark.parametrize("text", ["", "promote", "{}", '{"id": "1", "do": "explode"}', '{"id": "", "do": "abort"}'])
def test_other_texts_are_no_command(text: str) -> None:
    """A mistyped command is refused, not guessed."""
    with pytest.raises(ValidationError):
        Command.model_validate_json(text)
