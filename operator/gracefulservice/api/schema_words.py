"""The words of a Kubernetes schema that pydantic has no words for, and the types bounded by them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BeforeValidator, ConfigDict, Field, GetJsonSchemaHandler, WithJsonSchema
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from gracefulservice.api.value import Value

CRD_DEFAULT = "x-crd-default"
"""Marks the few fields whose default the API server writes into the object; all others are decided later."""


def rule(expression: str, *, says: str = "", tells: str = "", field: str = "") -> dict[str, str]:
    """One admission rule in CEL.

    `says` is the sentence to the user, `tells` a CEL expression that gives it with the numbers in it; with
    both, the expression stands and the sentence is used where it cannot be computed. `field` is the path,
    from where the rule stands, of the value that should change (`.weight`).
    """
    words = {"rule": expression, "message": says, "messageExpression": tells, "fieldPath": field}
    return {word: " ".join(text.split()) for word, text in words.items() if text}


def cel(pattern: str) -> str:
    """A regular expression as it stands in a CEL text."""
    return pattern.replace("\\", "\\\\")


def rules(*of: dict[str, str]) -> dict[str, Any]:
    """Rules as a model or a field takes them in `json_schema_extra`."""
    return {"x-kubernetes-validations": list(of)}


def keyed(*by: str) -> dict[str, Any]:
    """A list whose items are told apart by `by`: two parties may each own an item of it."""
    return {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": list(by)}


ATOMIC: dict[str, Any] = {"x-kubernetes-list-type": "atomic"}
"""A list that is owned and replaced as a whole."""


@dataclass(frozen=True, eq=False)
class Also:
    """Further words for the schema of a type, wherever the type stands: in a list, or as one that may be absent."""

    words: Mapping[str, Any]

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {**handler(core), **self.words}


class Documented(Value):
    """A value whose attribute docstrings are the documentation in the CRD."""

    model_config = ConfigDict(use_attribute_docstrings=True)


Name = Annotated[str, Field(min_length=1, max_length=63, pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")]
ObjectName = Annotated[str, Field(min_length=1, max_length=253)]
PORT_NAME = "^([a-z0-9]+-)*[a-z0-9]*[a-z][a-z0-9]*(-[a-z0-9]+)*$"
"""At least one letter, no hyphen at an end and never two in a row."""
PortName = Annotated[str, Field(min_length=1, max_length=15, pattern=PORT_NAME)]
PortNumber = Annotated[int, Field(ge=1, le=65535)]
Word = Annotated[str, Field(max_length=63)]
Person = Annotated[str, Field(max_length=253)]


def shortened(most: int) -> BeforeValidator:
    """Text of others has no limit (a webhook's denial, a scheduler's reasons), the status has: the end is left out."""

    def shorten(text: Any) -> Any:
        return text if not isinstance(text, str) or len(text) <= most else text[: most - 1] + "…"

    return BeforeValidator(shorten)


Sentence = Annotated[str, Field(max_length=4096), shortened(4096)]
IntOrText = Annotated[
    int | str,
    WithJsonSchema({"anyOf": [{"type": "integer"}, {"type": "string"}], "x-kubernetes-int-or-string": True}),
]
"""A number, or a name that stands for one."""
AnyObject = Annotated[dict[str, Any], WithJsonSchema({"type": "object", "x-kubernetes-preserve-unknown-fields": True})]
"""Kept whole, whatever it holds."""


def refuse(when: bool, sentence: str) -> None:
    """What an admission rule says, said again where an object is read: it may be older than the rule."""
    if when:
        raise ValueError(sentence)
