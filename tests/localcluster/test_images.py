"""Where an image comes from: the table that also decides on machines which reach a registry."""

import pytest

from localcluster import images
from localcluster.debian import tree
from localcluster.images import Source, ways


@pytest.mark.parametrize(
    ("cached", "published", "private", "expected"),
    [
        (True, True, True, [Source.LOAD]),
        (True, True, False, [Source.LOAD]),
        (True, False, True, [Source.LOAD]),
        (True, False, False, [Source.LOAD]),
        (False, True, False, [Source.PULL, Source.BUILD]),
        (False, True, True, [Source.BUILD]),
        (False, False, False, [Source.BUILD]),
        (False, False, True, [Source.BUILD]),
    ],
)
def test_ways(cached: bool, published: bool, private: bool, expected: list[Source]) -> None:
    assert list(ways(cached=cached, published=published, private=private)) == expected


def test_another_recipe_is_another_tag() -> None:
    base = images.from_tree("base", tree("base", ["bash"]))
    tags = {
        images.from_tree("base", tree("base", packages), changes).tag
        for packages, changes in [(["bash"], ()), (["bash", "jq"], ()), (["bash"], ("USER 65532",))]
    }
    assert len(tags) == 3
    assert base.tag in tags
    assert base.tag.startswith("localhost/gracefulservice/base:")


def test_an_image_follows_its_base() -> None:
    def on(packages: list[str]) -> str:
        base = images.from_tree("base", tree("base", packages))
        return images.from_context("app", ("FROM",), lambda _folder: None, base=base).tag

    assert on(["bash"]) != on(["bash", "jq"])
    assert on(["bash", "jq"]) == on(["jq", "bash"])
