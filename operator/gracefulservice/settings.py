"""What the operator's environment says: variables that begin with `GRACEFULSERVICE_`, read once, never changed."""

import socket
from typing import Annotated, Literal, Self

from pydantic import AnyHttpUrl, Field, PositiveFloat, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from gracefulservice.errors import Invalid
from gracefulservice.leadership import Terms


class Settings(BaseSettings):
    """Every setting with its default. Times are seconds."""

    model_config = SettingsConfigDict(env_prefix="GRACEFULSERVICE_", frozen=True)

    prometheus_url: AnyHttpUrl | None = None
    """The Prometheus asked for services whose own spec names none."""

    namespaces: Annotated[tuple[str, ...], NoDecode] = ()
    """Comma-separated; empty means every namespace."""

    pod_name: str = Field(default_factory=socket.gethostname, min_length=1)
    pod_namespace: str = Field(default="default", min_length=1)
    """Where the operator itself runs; the lease is kept there."""

    lease_name: str = Field(default="gracefulservice", min_length=1)
    lease_duration: PositiveFloat = 15.0
    lease_renew_within: PositiveFloat = 10.0
    lease_retry: PositiveFloat = 2.0

    api_timeout: PositiveFloat = 5.0
    """No request to the API server takes longer. No write begins with less than this left of the lease."""

    workers: int = Field(default=16, ge=1)
    """How many services are looked at at the same time."""
    audit_period: PositiveFloat = 600.0
    """How often each service is looked at even if nothing seems to have happened."""
    stop_within: PositiveFloat = 20.0
    """How long looks may take to end when the process is asked to stop."""

    webhook_configuration: str = ""
    """The ValidatingWebhookConfiguration by which the API server asks this operator. Empty: it is not asked."""
    webhook_service: str = Field(default="gracefulservice-webhook", min_length=1)
    """The Service that it calls; the Secret with the keys has the same name."""
    webhook_port: int = Field(default=9443, ge=1, le=65535)

    port: int = Field(default=8080, ge=1, le=65535)
    """For `/livez`, `/readyz` and `/metrics`."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["json", "text"] = "json"

    @field_validator("namespaces", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        """`a, b` as people write it."""
        if isinstance(value, str):
            return tuple(name for name in (part.strip() for part in value.split(",")) if name)
        return value

    @model_validator(mode="after")
    def _lease_times_fit(self) -> Self:
        """A holder has to give up while its last request can still end before anybody else may lead."""
        retry, renew_within = _named(self, "lease_retry"), _named(self, "lease_renew_within")
        if self.lease_retry >= self.lease_renew_within:
            raise ValueError(f"{retry} is not below {renew_within}")
        if self.lease_renew_within + self.api_timeout > self.lease_duration:
            timeout, duration = _named(self, "api_timeout"), _named(self, "lease_duration")
            raise ValueError(f"{renew_within} and {timeout} together exceed {duration}")
        return self

    @property
    def terms(self) -> Terms:
        """The times of the lease."""
        return Terms(self.lease_duration, self.lease_renew_within, self.lease_retry)


def from_environment() -> Settings:
    """The settings of this process. Raises `Invalid` with one sentence that names every bad variable."""
    try:
        return Settings()
    except ValidationError as error:
        raise Invalid(f"The operator cannot start: {'; '.join(_complaints(error))}.") from error


def _complaints(error: ValidationError) -> list[str]:
    """What is wrong, variable by variable."""
    found = [(problem["loc"], problem["msg"].removeprefix("Value error, ")) for problem in error.errors()]
    return [f"{_variable(str(where[0]))}: {what}" if where else what for where, what in found]


def _named(settings: Settings, field: str) -> str:
    """A time with the name of its variable."""
    return f"{_variable(field)} ({getattr(settings, field):g} s)"


def _variable(field: str) -> str:
    """The variable of a setting."""
    return f"{Settings.model_config['env_prefix']}{field}".upper()
