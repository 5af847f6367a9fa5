"""Artefacts: their identity, and what a failed build leaves."""

import threading
from pathlib import Path

import pytest

from localcluster import artefact
from localcluster.artefact import Artefact, content_hash, ensure, is_built
from localcluster.command import Log
from localcluster.errors import Failure


def writing(name: str, text: str, built: list[str] | None = None) -> Artefact:
    def build(folder: Path, _log: Log) -> None:
        (folder / "result").write_text(text)
        if built is not None:
            built.append(text)

    return Artefact(name, (text,), build, 1)


def test_identity_follows_every_input(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("1")
    (tmp_path / "b").write_text("2")
    seen = [content_hash((tmp_path, "v1")), content_hash((tmp_path, "v2")), content_hash((tmp_path,))]
    (tmp_path / "b").write_text("3")
    seen.append(content_hash((tmp_path, "v1")))
    (tmp_path / "b").rename(tmp_path / "c")
    seen.append(content_hash((tmp_path, "v1")))
    assert len(set(seen)) == len(seen)


def test_identity_does_not_follow_where_the_checkout_lies(tmp_path: Path) -> None:
    for checkout in ("one", "two"):
        (tmp_path / checkout / "go").mkdir(parents=True)
        (tmp_path / checkout / "go" / "go.mod").write_text("module m")
    one, two = (content_hash((tmp_path / checkout / "go",)) for checkout in ("one", "two"))
    assert one == two


def test_inputs_do_not_run_into_each_other() -> None:
    assert content_hash(("ab", "c")) != content_hash(("a", "bc"))


def test_compiled_python_is_no_input(tmp_path: Path) -> None:
    (tmp_path / "recipe.py").write_text("pass")
    before = content_hash((tmp_path,))
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "recipe.pyc").write_bytes(b"1")
    assert content_hash((tmp_path,)) == before


def test_builds_once(cache: Path) -> None:
    built: list[str] = []
    folders = {ensure(writing("thing", "one", built)) for _ in range(2)}
    assert built == ["one"]
    assert folders == {cache / writing("thing", "one").key}
    assert (folders.pop() / "result").read_text() == "one"


def test_a_failed_build_leaves_nothing_and_the_next_run_continues_with_it(cache: Path) -> None:
    built: list[str] = []
    first = writing("first", "1", built)
    attempts: list[str] = []

    def build(folder: Path, log: Log) -> None:
        ensure(first)
        (folder / f"partial-{len(attempts)}").touch()
        attempts.append("tried")
        log.run(["sh", "-c", f"echo compiling; echo what went wrong >&2; exit {2 - len(attempts)}"])

    second = Artefact("second", (first.key,), build, 1)
    with pytest.raises(Failure, match="what went wrong"):
        ensure(second)
    assert is_built(first)
    assert not is_built(second)
    assert [path.name for path in ensure(second).iterdir()] == ["partial-1"]
    assert built == ["1"], "the first artefact was built again"


def test_two_at_once_build_once(cache: Path) -> None:
    built: list[str] = []
    under_way, go_on = threading.Event(), threading.Event()

    def build(_folder: Path, _log: Log) -> None:
        built.append("one")
        under_way.set()
        assert go_on.wait(30)

    slow = Artefact("slow", ("x",), build, 1)
    threads = [threading.Thread(target=ensure, args=(slow,)) for _ in range(2)]
    for thread in threads:
        thread.start()
    assert under_way.wait(30)
    go_on.set()
    for thread in threads:
        thread.join(30)
    assert built == ["one"]


def test_only_the_last_used_of_a_name_are_kept(cache: Path) -> None:
    for text in ("one", "two", "three"):
        ensure(writing("thing", text))
    ensure(writing("thing-else", "one"))
    kept = {path.name for path in cache.iterdir() if path.name.startswith("thing")}
    assert writing("thing", "three").key in kept
    assert writing("thing-else", "one").key in kept
    assert len(kept) == artefact.KEPT + 1


def test_the_last_duration_is_the_next_estimate(cache: Path) -> None:
    thing = Artefact("thing", ("1",), lambda _folder, _log: None, 4000)
    assert artefact.estimate(thing) == 4000
    ensure(thing)
    assert artefact.estimate(thing) < 4000


def test_an_estimate_is_for_a_build_without_the_builds_inside_it(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: clock[0])

    def takes(seconds: float, *needs: Artefact) -> Artefact:
        def build(_folder: Path, _log: Log) -> None:
            for needed in needs:
                ensure(needed)
            clock[0] += seconds

        return Artefact(f"takes-{seconds:.0f}", (str(seconds),), build, 1)

    program = takes(500)
    layer = takes(30, program)
    image = takes(7, layer, takes(60))
    ensure(image)
    assert [artefact.estimate(one) for one in (program, layer, image, takes(60))] == [500, 30, 7, 60]


def test_a_full_disk_is_one_sentence(cache: Path) -> None:
    large = Artefact("large", ("1",), lambda _folder, _log: None, 1, room=10**18)
    with pytest.raises(Failure, match=r"needs 1000000000 GB free below .* and 100\.0 GB are; free some"):
        ensure(large)
    assert not is_built(large)


def test_what_killed_builds_left_is_removed_by_the_next_build_of_that_name(cache: Path) -> None:
    left = {cache / f".{name}.4711" for name in ("thing-0123456789ab", "thing-else-0123456789ab")}
    for folder in left:
        folder.mkdir(parents=True)
        (folder / "half").touch()
    ensure(writing("thing", "one"))
    assert {path for path in left if path.exists()} == {cache / ".thing-else-0123456789ab.4711"}
