"""How the operator of a checkout is installed: by its chart, with values Helm reads as they are meant."""

from localcluster.operator_release import values


def test_a_tag_of_digits_stays_a_text() -> None:
    """Tags are hashes: `123456789012` or `12e4567890ab` must not become a number."""
    words = values("localhost/operator:123456789012", "http://10.0.0.1:9090")
    assert words[words.index("image.tag=123456789012") - 1] == "--set-string"
    assert words[words.index("prometheus.url=http://10.0.0.1:9090") - 1] == "--set-string"
    assert words[words.index("leaderElection.durationSeconds=30") - 1] == "--set"
