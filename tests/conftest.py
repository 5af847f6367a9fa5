"""What all tests share: property tests are never judged by the clock, and a run repeats exactly.

`make check` is the inner loop; what takes long there is proven by `make proofs`: faults put into the heart on
purpose, the loop cut off at every write, every value of the chart, years of certificates, and programs that run as
processes.
"""

from pathlib import Path

import pytest
from hypothesis import settings

HERE = Path(__file__).parent
PROOFS = (
    "admission/test_keeper.py",
    "admission/test_process.py",
    "chart/test_values.py",
    "examples",
    "rollout/test_mutations.py",
    "test_reconcile_config_crashes.py",
    "test_reconcile_crashes.py",
    "test_reconcile_deletion.py",
    "traffic_client",
)

settings.register_profile("steady", deadline=None, derandomize=True)
settings.load_profile("steady")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The long ones have a target of their own."""
    for item in items:
        if str(item.path.relative_to(HERE)).startswith(PROOFS):
            item.add_marker(pytest.mark.proof)
