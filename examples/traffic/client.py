"""The load client from Python: build, start, look, stop, read the summary.

It is started where the addresses are real (``through``: the words in front of the program) and stopped by ending its
standard input, which reaches it through any wrapper and also when whoever started it dies.
"""

import json
import os
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

Connections = Literal["new", "keepalive", "mixed"]
Protocol = Literal["http1", "http2", "grpc", "upload", "sse", "websocket", "grpc-stream"]


class TrafficError(RuntimeError):
    """The client cannot run, ends by itself or does not end; the message is what it said."""


@dataclass(frozen=True, slots=True)
class Load:
    """What to send. ``rate`` is in requests per second; ``timeout``, ``upload_over``, ``length`` (how long a stream is
    held) and ``silence`` (after which it is lost) are in seconds. ``pool`` None takes the protocol's own number.
    """

    url: str
    host: str = ""
    rate: float = 50
    connections: Connections = "new"
    pool: int | None = None
    timeout: float = 10
    headers: Mapping[str, str] = field(default_factory=dict)
    max_outstanding: int = 5000
    protocol: Protocol = "http1"
    upload_bytes: int = 10 << 20
    upload_over: float = 20
    length: float = 20
    silence: float = 5

    def flags(self) -> list[str]:
        """The client's command line."""
        named = {
            "url": self.url,
            "host": self.host,
            "rate": self.rate,
            "connections": self.connections,
            "pool": self.pool,
            "timeout": f"{self.timeout}s",
            "max-outstanding": self.max_outstanding,
            "protocol": self.protocol,
            "upload-bytes": self.upload_bytes,
            "upload-over": f"{self.upload_over}s",
            "length": f"{self.length}s",
            "silence": f"{self.silence}s",
        }
        headers = [f"-header={name}={value}" for name, value in self.headers.items()]
        return [*(f"-{name}={value}" for name, value in named.items() if value is not None), *headers]


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What happened in a stretch of time; ``lost`` are the requests the app did not answer, ``skipped`` those this
    machine could not send (``skips`` says why), and the quantiles are of the answers, None without one.

    ``losses`` are the lost ones by version (empty where no answer had begun) and kind, ``retried`` those sent again
    since the server had said that it did not begin them, ``migrated`` the streams that went on after an announced end,
    and ``messages`` what streams brought, by version.
    """

    sent: int
    answered: int
    lost: int
    skipped: int
    late: int
    lag_max_ms: float
    codes: Mapping[str, int]
    versions: Mapping[str, Mapping[str, int]]
    kinds: Mapping[str, int]
    skips: Mapping[str, int]
    p50_ms: float | None
    p99_ms: float | None
    losses: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    retried: int = 0
    migrated: int = 0
    messages: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Second(Counts):
    """One second: ``t`` seconds after the start, at ``unix`` seconds."""

    t: int
    unix: float
    outstanding: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """One lost request; ``t`` and ``unix`` are those of its beginning, version and pod empty if no answer had begun."""

    t: float
    unix: float
    kind: str
    waited_ms: float
    address: str
    reused: bool
    status: int
    version: str
    pod: str
    error: str


@dataclass(frozen=True, slots=True)
class Worst:
    """The second with the most lost requests; among equals the one with the slowest answers."""

    t: int
    lost: int
    p99_ms: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary(Counts):
    """A whole run, which began at ``unix`` and took ``seconds``."""

    seconds: float
    unix: float
    dials: int
    worst_second: Worst | None
    first_loss: Loss | None
    last_loss: Loss | None


def build(root: Path, out: Path, go: str | Path = "go") -> Path:
    """The client as one static program in the folder ``out``; Go's own cache makes the second time quick."""
    return build_example(root, out, "traffic", go)


def build_example(root: Path, out: Path, name: str, go: str | Path = "go") -> Path:
    """The Go program ``examples/<name>`` of the repository at ``root``, built into ``out``."""
    program = out.resolve() / name
    out.mkdir(parents=True, exist_ok=True)
    command = [str(go), "build", "-p", "2", "-trimpath", "-ldflags=-s -w", "-o", str(program), "."]
    environment = {**os.environ, "CGO_ENABLED": "0", "GOWORK": "off"}
    done = subprocess.run(command, cwd=root / "examples" / name, env=environment, stderr=subprocess.PIPE, check=False)
    if done.returncode:
        raise TrafficError(f"Go cannot build examples/{name}: {done.stderr.decode(errors='replace').strip()}")
    return program


def read_summary(fields: Mapping[str, Any]) -> Summary:
    """The object under ``summary`` in the last line."""
    nested = {
        "worst_second": fields["worst_second"] and Worst(**fields["worst_second"]),
        "first_loss": fields["first_loss"] and Loss(**fields["first_loss"]),
        "last_loss": fields["last_loss"] and Loss(**fields["last_loss"]),
    }
    return Summary(**{**fields, **nested})


class Traffic:
    """A running client. As a context manager it never outlives its block."""

    def __init__(self, program: Path, load: Load, through: Sequence[str] = ()) -> None:
        self._timeout = load.timeout
        self._seconds: list[Second] = []
        self._summary: Summary | None = None
        self._over = False
        self._news = threading.Condition()
        self._complaint = tempfile.TemporaryFile()  # noqa: SIM115 - closed in __exit__
        try:
            self._process = subprocess.Popen(
                [*through, str(program), *load.flags(), "-until-input-ends"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._complaint,
            )
        except BaseException:
            self._complaint.close()
            raise
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.ask_to_stop()
        if self._process.poll() is None:
            self._process.terminate()
        self._await_end()
        self._complaint.close()

    @property
    def seconds(self) -> tuple[Second, ...]:
        """The seconds told so far."""
        with self._news:
            return tuple(self._seconds)

    def wait_for(self, seen: Callable[[Sequence[Second]], bool], within: float) -> tuple[Second, ...]:
        """The seconds told when ``seen`` first holds for them; ``TrafficError`` if it does not ``within`` seconds."""
        with self._news:
            self._news.wait_for(lambda: self._over or seen(self._seconds), within)
            if seen(self._seconds):
                return tuple(self._seconds)
        if self._over:
            raise TrafficError(self._failure())
        raise TrafficError(f"After {within} s the client has not seen it; its last second: {self.seconds[-1:]}")

    def stop(self) -> Summary:
        """Send no more, wait for the answers that are due, and give the totals; the same again when called again."""
        self.ask_to_stop()
        self._await_end()
        if self._summary is None or self._process.returncode:
            raise TrafficError(self._failure())
        return self._summary

    def ask_to_stop(self) -> None:
        """Send no more; return at once."""
        if self._process.stdin and not self._process.stdin.closed:
            self._process.stdin.close()

    def _await_end(self) -> None:
        """Wait until the last answer is due; a client that still runs then is killed."""
        try:
            self._process.wait(self._timeout + 10)
        except subprocess.TimeoutExpired:
            self._process.kill()
        self._process.wait()
        self._reader.join()

    def _read(self) -> None:
        assert self._process.stdout
        try:
            with self._process.stdout as lines:
                for line in lines:
                    self._take(json.loads(line))
        finally:
            with self._news:
                self._over = True
                self._news.notify_all()

    def _take(self, told: Mapping[str, Any]) -> None:
        with self._news:
            if "summary" in told:
                self._summary = read_summary(told["summary"])
            else:
                self._seconds.append(Second(**told))
            self._news.notify_all()

    def _failure(self) -> str:
        self._await_end()
        if self._complaint.closed:
            return f"The client ended with {self._process.returncode}."
        self._complaint.seek(0)
        said = self._complaint.read().decode(errors="replace").strip()
        return f"The client ended with {self._process.returncode}: {said or 'it said nothing.'}"


def between(seconds: Iterable[Second], begin: float, end: float) -> list[Second]:
    """The seconds that began at or after ``begin`` and before ``end`` (unix)."""
    return [second for second in seconds if begin <= second.unix < end]


def lost(seconds: Iterable[Counts]) -> int:
    """Requests lost in these seconds."""
    return sum(second.lost for second in seconds)


def answers(seconds: Iterable[Counts], version: str) -> int:
    """Answers that ``version`` gave."""
    return sum(sum(second.versions.get(version, {}).values()) for second in seconds)


def errors(seconds: Iterable[Counts], version: str) -> int:
    """Answers of ``version`` with a status of 500 or above: what users saw of a bad one."""
    told = [code for second in seconds for code in second.versions.get(version, {}).items()]
    return sum(count for code, count in told if int(code) >= 500)


def share(seconds: Sequence[Counts], version: str) -> float | None:
    """The part of all answers, from 0 to 1, that ``version`` gave; None without an answer."""
    answered = sum(second.answered for second in seconds)
    return answers(seconds, version) / answered if answered else None


def last_answer_of(seconds: Iterable[Second], version: str) -> Second | None:
    """The last second in which ``version`` answered."""
    return max((second for second in seconds if version in second.versions), key=lambda s: s.unix, default=None)
