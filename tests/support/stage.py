"""The running local cluster, made ready for stories: the sample service on its nodes, the load client built."""

from pathlib import Path

from examples.traffic.client import build
from localcluster import environment, golang, operations
from localcluster.addons import application_images
from tests.support.place import Stage

ROOT = Path(__file__).parents[2]


def standing() -> Stage:
    """The cluster that `python -m localcluster up` has brought up; its `Failure` where there is none."""
    found = operations.found()
    known = environment.recall()
    shop = application_images.build_shop(found.engine)
    found.load([shop])
    return Stage(
        kubeconfig=known.kubeconfig,
        kubectl_path=found.kubectl,
        gateway=known.gateway,
        prometheus=known.prometheus,
        prefix=tuple(found.prefix()),
        traffic=build(ROOT, ROOT / "build" / "bin", golang.go()),
        shop_image=shop,
    )
