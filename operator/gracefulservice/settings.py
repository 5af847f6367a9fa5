"""What the operator's environment says: variables that begin with `GRACEFULSERVICE_`, read once, never changed."""

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AnyHttpUrl, Field, PositiveFloat, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from gracefulservice.errors import Invalid
from gracefulservice.leadership import Terms
from gracefulservice.metrics.credentials import Files

FILES = ("bearer_token", "username", "password", "ca", "client_certificate", "client_key")
"""What is shown to Prometheus, or what it is known by; each has a setting `prometheus_…_file`."""


class Settings(BaseSettings):
    """Every setting with its default. Times are seconds."""

    model_config = SettingsConfigDict(env_prefix="GRACEFULSERVICE_", frozen=True)

    prometheus_guards: bool = True
    """Whether guards, which are queries of the services' own, may ask the operator's Prometheus."""
    prometheus_url: AnyHttpUrl | None = None
    """The Prometheus asked for services whose own spec names none."""
    prometheus_bearer_token_file: Path | None = None
    """Files are read anew when they change. They are for that Prometheus alone, never for one that a spec names."""
    prometheus_username_file: Path | None = None
    prometheus_password_file: Path | None = None
    """Basic authentication takes both, and no bearer token besides."""
    prometheus_ca_file: Path | None = None
    """The authorities, as PEM, that may sign its certificate; without it those of the system."""
    prometheus_client_certificate_file: Path | None = None
    prometheus_client_key_file: Path | None = None
    """PEM, without a passphrase; both or neither."""

    namespaces: Annotated[tuple[str, ...], NoDecode] = ()
    """Comma-separated; empty means every namespace."""

    pod_name: str = Field(default_factory=socket.gethostname, min_length=1)
    pod_uid: str = ""
    """Empty outside of a cluster: then nobody can tell when this process has ended, and waits for its lease."""
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
    metrics_per_service: bool = False
    """Whether metrics name the services one by one, which makes as many series."""
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

    @field_validator(*(f"prometheus_{name}_file" for name in FILES))
    @classmethod
    def _file_is_somewhere(cls, value: Path | None) -> Path | None:
        if value is not None and not value.is_absolute():
            raise ValueError(f'"{value}" is not an absolute path')
        return value

    @model_validator(mode="after")
    def _prometheus_is_shown_one_thing(self) -> Self:
        """Credentials that contradict one another, or that nobody would ever be shown, are a mistake."""
        if wrong := "; ".join(_contradictions(self)):
            raise ValueError(wrong)
        return self

    @property
    def prometheus_files(self) -> Files:
        """What the operator's own Prometheus is shown and known by."""
        return Files(**{name: getattr(self, f"prometheus_{name}_file") for name in FILES})

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


def _contradictions(settings: Settings) -> Iterator[str]:
    """What is wrong with what Prometheus is shown, each with the variables to change."""
    files, url = settings.prometheus_files, settings.prometheus_url
    where = {name: _variable(f"prometheus_{name}_file") for name in FILES}
    if files.bearer_token and (files.username or files.password):
        basic = where["username" if files.username else "password"]
        yield f"{where['bearer_token']} and {basic} cannot both be set, because there is one Authorization header"
    for one, other in (("username", "password"), ("client_certificate", "client_key")):
        if bool(getattr(files, one)) != bool(getattr(files, other)):
            given, missing = (one, other) if getattr(files, one) else (other, one)
            yield f"{where[given]} needs {where[missing]} beside it"
    address, chosen = _variable("prometheus_url"), [name for name in FILES if getattr(files, name)]
    if chosen and url is None:
        yield f"{where[chosen[0]]} needs {address}, the Prometheus it is meant for"
    elif files.tls and url and url.scheme != "https":
        first = next(name for name in chosen if getattr(files, name) in files.tls)
        yield f"{where[first]} needs {address} to begin with https://"
    if url and (url.username or url.password):
        yield f"{address} holds a user name or a password: conditions show it, so let files hold them"


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
