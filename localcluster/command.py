"""Running other programs: the answer as text, or one sentence that names the program and its last words."""

import os
import shlex
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from localcluster.errors import Failure

Argv = Sequence[str | Path]
Process: TypeAlias = "subprocess.Popen[bytes]"

LAST_LINES = 15
"""How much of a failed program's output is shown."""


def environment(changes: Mapping[str, str]) -> dict[str, str]:
    """This process's environment with ``changes``; an empty value removes the variable."""
    return {name: value for name, value in {**os.environ, **changes}.items() if value or name not in changes}


def output(
    argv: Argv,
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    stdin: str = "",
    timeout: float | None = None,
) -> str:
    """Run a program and return what it printed, without the last line feed; ``Failure`` where it fails.

    ``env`` are changes on top of this process's environment, ``timeout`` is in seconds.
    """
    words = [str(word) for word in argv]
    settings = environment(env or {})
    try:
        done = subprocess.run(
            words, env=settings, cwd=cwd, input=stdin, text=True, capture_output=True, timeout=timeout, check=True
        )
    except FileNotFoundError:
        raise _not_installed(words) from None
    except subprocess.TimeoutExpired:
        raise Failure(f"{_shown(words)} gives no answer within {timeout:g} s.") from None
    except subprocess.CalledProcessError as failed:
        raise Failure(f"{_shown(words)} fails: {_last_lines(failed.stderr or failed.stdout)}") from None
    return done.stdout.rstrip("\n")


def succeeds(argv: Argv, *, env: Mapping[str, str] | None = None, timeout: float = 60.0) -> bool:
    """Whether a program runs, answers in time (seconds) and ends with status 0."""
    try:
        output(argv, env=env, timeout=timeout)
    except (Failure, OSError):
        return False
    return True


@dataclass(frozen=True, slots=True)
class Log:
    """A log file that programs write into; a build's only way to run something long."""

    path: Path

    def run(
        self,
        argv: Argv,
        *,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        stdin: Path | None = None,
    ) -> None:
        """Run a program, its output appended to the log; ``Failure`` with the log's last lines if it fails."""
        words = [str(word) for word in argv]
        settings = environment(env or {})
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("ab", buffering=0) as log, (stdin or Path(os.devnull)).open("rb") as given:
            log.write(f"$ {shlex.join(words)}\n".encode())
            try:
                subprocess.run(words, env=settings, cwd=cwd, stdin=given, stdout=log, stderr=log, check=True)
            except FileNotFoundError:
                raise _not_installed(words) from None
            except subprocess.CalledProcessError:
                end = _last_lines(self.path.read_text(errors="replace"))
                raise Failure(f"{_shown(words)} fails; the end of {self.path}: {end}") from None


def start(argv: Argv, log: Path, *, env: Mapping[str, str], pass_fds: Sequence[int] = ()) -> Process:
    """Start a program that outlives this one, in a session of its own, its output in a new log."""
    with log.open("wb") as file:
        return subprocess.Popen(
            [str(word) for word in argv],
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            env=environment(env),
            cwd="/",
            start_new_session=True,
            pass_fds=pass_fds,
        )


def _not_installed(words: Sequence[str]) -> Failure:
    return Failure(f"The program {words[0]} is not installed.")


def _shown(words: Sequence[str]) -> str:
    text = shlex.join(words)
    return text if len(text) <= 120 else text[:117] + "..."


def _last_lines(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    return "\n  ".join(lines[-LAST_LINES:]) or "it prints nothing"
