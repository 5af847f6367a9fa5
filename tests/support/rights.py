"""Taking a right away from the installed operator for a while, and giving it back whatever happens."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

from tests.support.place import Object, Stage
from tests.support.turns import RIGHTS

ROLE = "gracefulservice"
KEPT = "stories.gracefulservice.dev/rules"
"""The annotation that keeps the role's own rules, so that the next run can give back what a killed one took."""


@contextmanager
def without(stage: Stage, resource: str, verb: str) -> Iterator[None]:
    """The operator may not `verb` any `resource` in the meantime."""
    with RIGHTS.alone():
        give_back(stage)
        role = read(stage)
        role["metadata"].setdefault("annotations", {})[KEPT] = json.dumps(role["rules"])
        for rule in role["rules"]:
            if resource in rule["resources"]:
                rule["verbs"].remove(verb)
        write(stage, role)
        try:
            yield
        finally:
            give_back(stage)


def restored(stage: Stage) -> None:
    """Undo what a killed run left; while another story has the lock, what is missing is missing on purpose."""
    with RIGHTS.if_free() as free:
        if free:
            give_back(stage)


def give_back(stage: Stage) -> None:
    """The role as the chart made it."""
    role = read(stage)
    rules = (role["metadata"].get("annotations") or {}).pop(KEPT, None)
    if rules is not None:
        role["rules"] = json.loads(rules)
        write(stage, role)


def read(stage: Stage) -> Object:
    """The operator's ClusterRole."""
    done = stage.kubectl("get", "clusterrole", ROLE, "-o", "json")
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def write(stage: Stage, role: Object) -> None:
    """Replace it."""
    done = stage.kubectl("replace", "-f", "-", input=json.dumps(role))
    assert done.returncode == 0, done.stderr
