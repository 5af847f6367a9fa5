"""The base of every value that is read from or written to the Kubernetes API."""

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


class Value(BaseModel):
    """An immutable value: snake_case in Python, camelCase on the wire, unknown fields ignored.

    Unknown fields are ignored rather than refused, because an object may have been written by a newer
    version; the API server refuses or prunes them at admission by the schema made from these models.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_camel, populate_by_name=True)
