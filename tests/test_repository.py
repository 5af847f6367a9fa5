"""What must never be in the repository, and what its layout must not do to the standard library."""

import operator
import re
import subprocess
import sysconfig
from pathlib import Path

ROOT = Path(__file__).parents[1]
INDEXES = re.compile(
    r"pypi\.(?:org|python)|files\.pythonhosted|proxy\.golang|sum\.golang|deb\.debian|registry\.npmjs|^--(?:find-links|index-url)"
)
PLACES = re.compile(r"/(?:work|root|home)/[a-z]")
ALLOWED = {"tests/test_repository.py", "LICENSE"}


def tracked() -> list[Path]:
    """Every text file that git knows, but this one."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / name for name in listed.stdout.splitlines() if name not in ALLOWED and (ROOT / name).is_file()]


def matches(pattern: re.Pattern[str]) -> list[str]:
    """Where a pattern stands."""
    found = []
    for path in tracked():
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), start=1):
            if pattern.search(line):
                found.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()[:120]}")
    return found


def test_no_file_names_a_package_index() -> None:
    """Where packages come from is each machine's own affair; what they are is fixed by hashes."""
    assert matches(INDEXES) == []


def test_no_file_names_a_place_on_somebodys_machine() -> None:
    """Paths are those of the repository, of a container, or of the system."""
    assert matches(PLACES) == []


def test_the_folder_operator_does_not_hide_the_standard_library() -> None:
    """`operator/` is a container for one package, never a package itself."""
    assert not (ROOT / "operator" / "__init__.py").exists()
    assert Path(str(operator.__file__)).is_relative_to(sysconfig.get_path("stdlib"))
    assert operator.itemgetter(0)("a") == "a"


def test_every_locked_requirement_has_hashes() -> None:
    """A lock without hashes locks nothing."""
    for lock in ROOT.glob("requirements*.lock"):
        wanted = re.findall(r"^[a-z0-9][^\s=]*==\S+.*$", lock.read_text(), re.MULTILINE)
        assert wanted
        assert all(line.endswith("\\") for line in wanted)
