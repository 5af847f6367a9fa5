"""Configuration that belongs to a revision: ConfigMaps and Secrets of the user's, whose data is copied."""

from typing import Self

from pydantic import ConfigDict, model_validator

from gracefulservice.api.schema_words import Documented, Name, ObjectName, refuse, rule, rules

MOST_ENTRIES = 16
ONE_OBJECT = "Give exactly one: configMap or secret."
OBJECT_RULE = rule("has(self.configMap) != has(self.secret)", says=ONE_OBJECT)


class ConfigObject(Documented):
    """An object in the same namespace."""

    name: ObjectName
    """Its name."""


class Config(Documented):
    """A ConfigMap or a Secret whose data belongs to the revision."""

    model_config = ConfigDict(json_schema_extra=rules(OBJECT_RULE))

    name: Name
    """The name of this entry, unique in the list."""
    config_map: ConfigObject | None = None
    """The ConfigMap, as the template names it."""
    secret: ConfigObject | None = None
    """The Secret, as the template names it."""

    @model_validator(mode="after")
    def _one_object(self) -> Self:
        refuse((self.config_map is None) == (self.secret is None), ONE_OBJECT)
        return self
