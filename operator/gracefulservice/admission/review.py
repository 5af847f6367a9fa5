"""The question of the API server whether a GracefulService may be stored, and the answer to it. Pure.

The rules are those of reconcile (`rollout.plan.build`), and what one object alone cannot show (`claims`).
Whatever leaves the spec as it is is never refused: labels, finalizers and commands change on objects that were
stored before a rule was made, or while nobody answered.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError

from gracefulservice.admission import claims
from gracefulservice.admission.claims import Claim
from gracefulservice.api import Problem
from gracefulservice.api.names import GROUP, KIND, PLURAL
from gracefulservice.api.problems import Problems
from gracefulservice.api.value import Value
from gracefulservice.errors import Invalid
from gracefulservice.rollout.lint import warnings
from gracefulservice.rollout.plan import build

API_VERSION: Literal["admission.k8s.io/v1"] = "admission.k8s.io/v1"
REVIEW: Literal["AdmissionReview"] = "AdmissionReview"
MOST_LINES, LONGEST_LINE = 10, 1000
"""What one answer lists, and characters of each line of it."""

Object = Mapping[str, Any]


class _Resource(Value):
    group: str = ""
    resource: str = ""


class Question(Value):
    """What is asked: may `object` be stored, in the place of `old_object` where there is one."""

    uid: Annotated[str, Field(min_length=1, max_length=256)]
    operation: str = ""
    resource: _Resource = _Resource()
    sub_resource: str = ""
    name: str = ""
    namespace: str = ""
    object: dict[str, Any] | None = None
    old_object: dict[str, Any] | None = None

    @property
    def spec(self) -> Object:
        """The spec that is to be stored."""
        return _part(self.object, "spec")

    @property
    def called(self) -> str:
        """The name of the object."""
        return self.name or str(_part(self.object, "metadata").get("name", ""))

    @property
    def concerns_us(self) -> bool:
        """Whether a spec of ours is made or changed: all else is allowed as it is."""
        ours = (self.resource.group, self.resource.resource, self.sub_resource) == (GROUP, PLURAL, "")
        leaving = bool(_part(self.object, "metadata").get("deletionTimestamp"))
        return ours and not leaving and self._writes

    @property
    def _writes(self) -> bool:
        match self.operation:
            case "CREATE":
                return True
            case "UPDATE":
                return self.spec != _part(self.old_object, "spec")
            case _:
                return False

    @property
    def claim(self) -> Claim:
        """What it wants for itself and has not wanted before: only then do other services matter."""
        if not self.concerns_us:
            return Claim()
        before = claims.claim(self.called, _part(self.old_object, "spec"))
        return claims.claim(self.called, self.spec).beyond(before)


class _Review(Value):
    api_version: Literal["admission.k8s.io/v1"]
    kind: Literal["AdmissionReview"]
    request: Question


def read(body: bytes) -> Question:
    """What an API server asks. Raises `Invalid` for anything that is not an AdmissionReview."""
    try:
        return _Review.model_validate_json(body).request
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(step) for step in first["loc"]) or "the body"
        raise Invalid(f"This is not an {REVIEW} of {API_VERSION}: {place}: {first['msg'][:LONGEST_LINE]}.") from error


def answer(question: Question, others: Iterable[Object] = (), unread: str = "") -> dict[str, Any]:
    """The AdmissionReview to send back.

    `others` are the GracefulServices of the namespace, which matter where `question.claim` claims anything; `unread`
    says why they are not known.
    """
    if not question.concerns_us:
        return _allowed(question, ())
    problems, remarks = _beside(question, others)
    plan = build(question.called, question.spec)
    problems = (*(plan if isinstance(plan, tuple) else ()), *problems)
    if problems:
        return _refused(question, problems)
    field = claims.FIELD if question.claim.route else claims.ADOPTS
    unknown = (Problem(field=field, sentence=unread),) if unread else ()
    return _allowed(question, (*warnings(question.spec), *remarks, *unknown))


def _beside(question: Question, others: Iterable[Object]) -> tuple[Problems, Problems]:
    """What is wrong, and what is worth knowing, about what it claims beside other services."""
    mine = question.claim
    taken = {name: theirs for name, theirs in map(_claim, others) if name != question.called}
    return tuple(claims.conflicts(mine, question.namespace, taken)), tuple(claims.neighbours(mine, taken))


def _claim(other: Object) -> tuple[str, Claim]:
    """The name of a service, and what it claims: nothing once it is being deleted."""
    metadata = _part(other, "metadata")
    name = str(metadata.get("name", ""))
    return name, Claim() if metadata.get("deletionTimestamp") else claims.claim(name, _part(other, "spec"))


def _allowed(question: Question, said: Sequence[Problem]) -> dict[str, Any]:
    return _review({"uid": question.uid, "allowed": True, **({"warnings": _lines(said)} if said else {})})


def _refused(question: Question, problems: Sequence[Problem]) -> dict[str, Any]:
    """All that is wrong, for people in one text and for programs by field."""
    lines = _lines(problems)
    causes = [
        {"reason": "FieldValueInvalid", "field": one.field, "message": one.sentence[:LONGEST_LINE]}
        for one in problems[:MOST_LINES]
    ]
    status = {
        "status": "Failure",
        "code": 422,
        "reason": "Invalid",
        "message": lines[0] if len(lines) == 1 else "\n- ".join([f"{len(problems)} things are wrong:", *lines]),
        "details": {"group": GROUP, "kind": KIND, "name": question.called, "causes": causes},
    }
    return _review({"uid": question.uid, "allowed": False, "status": status})


def _review(response: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": API_VERSION, "kind": REVIEW, "response": response}


def _lines(said: Sequence[Problem]) -> list[str]:
    """`field: sentence` of each, as far as there is room."""
    lines = [f"{one.field}: {one.sentence}"[:LONGEST_LINE] for one in said[:MOST_LINES]]
    more = len(said) - MOST_LINES
    return [*lines, f"And {more} more."] if more > 0 else lines


def _part(whole: Object | None, name: str) -> Object:
    """A part of an object that has parts of its own."""
    part = (whole or {}).get(name)
    return part if isinstance(part, Mapping) else {}
