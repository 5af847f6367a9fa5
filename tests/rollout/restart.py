"""What a restarted operator reads back of what it remembered."""

import json
from typing import Any

from gracefulservice.rollout.memory import Memory
from gracefulservice.rollout.recall import dumped


def through_json(memory: Memory) -> Memory:
    """What a restarted operator reads back, without the nulls that a merge patch takes for removals."""
    text = json.dumps(without_nulls(dumped(memory)))
    again = Memory.model_validate_json(text).but(receipts=memory.receipts, history=memory.history)
    assert again == memory, "memory changes on its way through status"
    return again


def without_nulls(value: Any) -> Any:
    """Objects without the entries that are null; lists keep theirs."""
    if isinstance(value, dict):
        return {key: without_nulls(one) for key, one in value.items() if one is not None}
    return [without_nulls(one) for one in value] if isinstance(value, list) else value
