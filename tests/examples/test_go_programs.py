"""The Go programs among the examples keep to Go's own rules and pass their own tests."""

import os
import subprocess
from pathlib import Path

import pytest

from localcluster import golang

EXAMPLES = Path(__file__).parents[2] / "examples"
ENVIRONMENT = {**os.environ, "GOWORK": "off", "GOTOOLCHAIN": "local", "CGO_ENABLED": "0"}


def run(program: str, *words: str) -> subprocess.CompletedProcess[str]:
    """The Go command in the folder of one program."""
    command = [str(golang.go()), *words]
    folder = EXAMPLES / program
    return subprocess.run(command, cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("program", ["shop", "traffic"])
def test_a_program_is_formatted_vetted_and_tested(program: str) -> None:
    """gofmt has nothing to change, vet nothing to say, and the tests pass."""
    formatter = [str(golang.go().parent / "gofmt"), "-l", "."]
    listed = subprocess.run(formatter, cwd=EXAMPLES / program, capture_output=True, text=True, check=True)
    assert listed.stdout == ""
    vetted = run(program, "vet", "./...")
    assert vetted.returncode == 0, vetted.stderr
    tested = run(program, "test", "./...")
    assert tested.returncode == 0, tested.stdout[-4000:]
