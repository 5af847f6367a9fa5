"""The webhook answers while a replica of the operator is replaced. Nobody else may need its answers meanwhile."""

import json
import time

from localcluster.operator_release import NAMESPACE, RELEASE
from tests.support.place import PATIENCE, Stage
from tests.support.refusals import REFUSED
from tests.support.turns import OPERATOR

CREATE = ("create", "--dry-run=server", "--output=json", "--filename=-")


def test_answers_go_on_while_a_replica_is_replaced(cluster: Stage) -> None:
    """The standby is deleted; until another one stands in its place no question is left without an answer."""
    with OPERATOR.alone():
        replaced(cluster)


def replaced(cluster: Stage) -> None:
    """Ask without a pause from the deletion of the standby until its successor is ready."""
    (wrong, *_) = (one for one in REFUSED if one.by == "reader")
    lease = json.loads(cluster.kubectl("get", "lease", RELEASE, "-n", NAMESPACE, "--output=json").stdout)
    leader = lease["spec"]["holderIdentity"].partition("_")[0]
    before = pods(cluster)
    (standby, *_) = set(before) - {leader}
    cluster.kubectl("delete", "pod", standby, "--namespace", NAMESPACE, "--wait=false")
    asked, until = 0, time.monotonic() + PATIENCE
    while standby in (now := pods(cluster)) or not all(now.values()) or len(now) < len(before):
        assert time.monotonic() < until, now
        done = cluster.kubectl(*CREATE, input=json.dumps(wrong.body))
        assert done.returncode != 0, f"question {asked} was not answered"
        asked += 1
    assert asked > 0


def pods(cluster: Stage) -> dict[str, bool]:
    """The operator's replicas, and whether each is ready."""
    labels = f"--selector=app.kubernetes.io/instance={RELEASE}"
    found = cluster.kubectl("get", "pods", "--namespace", NAMESPACE, labels, "--output=json")
    return {
        pod["metadata"]["name"]: any(
            one["type"] == "Ready" and one["status"] == "True" for one in pod["status"].get("conditions", ())
        )
        for pod in json.loads(found.stdout)["items"]
    }
