"""Which tests the coverage of the heart is measured from."""

from pathlib import Path

import pytest

HERE = Path(__file__).parent
SCHEDULES = frozenset({"test_invariants.py", "test_mutations.py"})
"""Random schedules run every line of the heart without looking at each, and tracing makes them three times as slow."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The tests of single rules must reach the limit by themselves."""
    for item in items:
        if item.path.parent == HERE and item.path.name not in SCHEDULES:
            item.add_marker(pytest.mark.measured)
