"""The command line, progress, locks and the running of programs."""

import io
import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from localcluster import __main__ as command_line
from localcluster import command, environment, lock, paths, progress
from localcluster.command import Log
from localcluster.engine import Engine
from localcluster.environment import Environment
from localcluster.errors import Failure


@pytest.fixture
def empty_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GRACEFULSERVICE_RUN", str(tmp_path / "run"))
    return tmp_path / "run"


def test_every_command_says_in_one_line_what_it_does(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        command_line.parser().parse_args(["--help"])
    shown = capsys.readouterr().out
    for name in ("up", "down", "status", "env", "image", "load", "run", "distclean"):
        assert re.search(rf"^    {name}\s+[A-Z].*\.$", shown, re.MULTILINE), name


def test_run_takes_the_words_after_the_dashes_as_they_are() -> None:
    parsed = command_line.parser().parse_args(["run", "--", "ls", "-l", "--nodes", "3"])
    assert parsed.command == ["ls", "-l", "--nodes", "3"]


def test_without_a_cluster_env_is_one_sentence(empty_run: Path) -> None:
    argv = [sys.executable, "-m", "localcluster", "env"]
    done = subprocess.run(argv, cwd=paths.REPOSITORY, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "No local cluster is up; `python -m localcluster up` brings one up.\n"


def test_env_prints_what_up_has_found(
    empty_run: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    environment.remember(Environment(empty_run / "kubeconfig", "10.96.1.2:80", "http://10.96.1.3:9090"))
    monkeypatch.setattr("sys.argv", ["localcluster", "env"])
    assert command_line.main() == 0
    assert capsys.readouterr().out.splitlines() == [
        f"KUBECONFIG={empty_run}/kubeconfig",
        "GATEWAY=10.96.1.2:80",
        "PROMETHEUS=http://10.96.1.3:9090",
    ]


def test_image_builds_in_the_engine_that_answers_and_asks_for_no_cluster(
    empty_run: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answering = Engine(Path("/usr/bin/docker"), "unix:///there")
    built: list[Engine] = []

    def build(engine: Engine) -> str:
        built.append(engine)
        return "localhost/gracefulservice/operator:0123456789ab"

    monkeypatch.setenv("GRACEFULSERVICE_STATE", str(empty_run))
    monkeypatch.setattr("localcluster.engine_choice.current", lambda: answering)
    monkeypatch.setattr("localcluster.engine_choice.choose", lambda: pytest.fail("No second engine is looked for."))
    monkeypatch.setattr("localcluster.addons.application_images.build_operator", build)
    monkeypatch.setattr("sys.argv", ["localcluster", "image"])
    assert command_line.main() == 0
    assert capsys.readouterr().out == "localhost/gracefulservice/operator:0123456789ab\n"
    assert built == [answering]


@pytest.mark.parametrize(("seconds", "words"), [(0.2, "0 s"), (59, "59 s"), (60, "1 min 0 s"), (330, "5 min 30 s")])
def test_durations_in_words(seconds: float, words: str) -> None:
    assert progress.duration(seconds) == words


def test_progress_in_a_log_is_whole_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr", log := io.StringIO())

    def work() -> None:
        with progress.step("Outer", 90):
            with progress.step("First"):
                pass
            with progress.step("Second"):
                raise Failure("It breaks.")

    with pytest.raises(Failure):
        work()
    lines = [re.sub(r"\bin \d+ s", "in N s", line) for line in log.getvalue().splitlines()]
    assert lines == [
        "Outer (about 1 min 30 s) ...",
        "First ...",
        "First: done in N s.",
        "Second ...",
        "Second: failed in N s.",
        "Outer: failed in N s.",
    ]


def test_a_lock_is_held_by_one_at_a_time(tmp_path: Path) -> None:
    order: list[str] = []
    held, wanted = threading.Event(), threading.Event()

    def second() -> None:
        assert held.wait(30)
        wanted.set()
        with lock.held(tmp_path / "lock", "come second"):
            order.append("second")

    thread = threading.Thread(target=second)
    thread.start()
    with lock.held(tmp_path / "lock", "come first"):
        held.set()
        assert wanted.wait(30)
        order.append("first")
    thread.join(30)
    assert order == ["first", "second"]


def test_a_lock_whose_file_its_holder_removed_is_taken_anew(tmp_path: Path) -> None:
    with lock.held(tmp_path / "lock", "remove everything"):
        (tmp_path / "lock").unlink()
    with lock.held(tmp_path / "lock", "start again"):
        assert (tmp_path / "lock").exists()


HOLD_AND_DIE = """
import os, pathlib, sys
from localcluster import lock
with lock.held(pathlib.Path(sys.argv[1]), "die"):
    os._exit(9)
"""


def test_a_lock_ends_with_its_process(tmp_path: Path) -> None:
    argv = [sys.executable, "-c", HOLD_AND_DIE, str(tmp_path / "lock")]
    assert subprocess.run(argv, cwd=paths.REPOSITORY, check=False).returncode == 9
    with lock.held(tmp_path / "lock", "go on"):
        pass


def test_a_failing_program_is_one_sentence_with_its_last_words(tmp_path: Path) -> None:
    with pytest.raises(Failure, match=r"^sh -c 'echo out; echo why >&2; exit 3' fails: why$"):
        command.output(["sh", "-c", "echo out; echo why >&2; exit 3"])
    with pytest.raises(Failure, match=r"^sh -c 'seq 100; false' fails; the end of .*log: 86\n"):
        Log(tmp_path / "log").run(["sh", "-c", "seq 100; false"])
    with pytest.raises(Failure, match=r"^The program surely-absent is not installed\.$"):
        command.output(["surely-absent"])
    with pytest.raises(Failure, match=r"^sleep 1000 gives no answer within 0.01 s\.$"):
        command.output(["sleep", "1000"], timeout=0.01)


def test_a_log_has_the_commands_and_what_they_print(tmp_path: Path) -> None:
    log = Log(tmp_path / "log")
    log.run(["sh", "-c", "echo $GREETING"], env={"GREETING": "hello"})
    (tmp_path / "given").write_text("given\n")
    log.run(["cat"], stdin=tmp_path / "given")
    assert log.path.read_text() == "$ sh -c 'echo $GREETING'\nhello\n$ cat\ngiven\n"


def test_an_empty_value_removes_a_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://elsewhere")
    assert "DOCKER_HOST" not in command.environment({"DOCKER_HOST": ""})
    assert command.environment({"NEW": "1"})["NEW"] == "1"


def test_files_are_written_whole_or_not_at_all(tmp_path: Path) -> None:
    paths.write(tmp_path / "new" / "file", "one", mode=0o600)
    paths.write(tmp_path / "new" / "file", b"two", mode=0o600)
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["file"]
    assert (tmp_path / "new" / "file").read_text() == "two"
    assert (tmp_path / "new" / "file").stat().st_mode & 0o777 == 0o600
