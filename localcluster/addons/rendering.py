"""The manifests beside this file with the names of images filled in."""

from collections.abc import Mapping
from string import Template

from localcluster.addons.programs import FOLDER
from localcluster.artefact import content_hash


def manifest(name: str, images: Mapping[str, str]) -> str:
    """The text of ``<name>.yaml`` with ``${envoy}`` and the like replaced by the names of images.

    ``${content}``, in a pod template, becomes the hash of it all: a changed configuration replaces the pod.
    """
    text = (FOLDER / f"{name}.yaml").read_text()
    return Template(text).substitute(images, content=content_hash((text, *sorted(images.values()))))
