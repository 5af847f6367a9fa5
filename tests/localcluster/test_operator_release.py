"""How the operator of a checkout is installed: by its chart, with values Helm reads as they are meant."""

from localcluster.operator_release import values


def test_a_tag_of_digits_stays_a_text() -> None:
    """Tags are hashes: `123456789012` or `12e4567890ab` must not become a number."""
    words = values("localhost/operator:123456789012", "http://10.0.0.1:9090")
    assert words[words.index("image.tag=123456789012") - 1] == "--set-string"
    assert words[words.index("prometheus.url=http://10.0.0.1:9090") - 1] == "--set-string"
    assert words[words.index("leaderElection.durationSeconds=30") - 1] == "--set"


def test_stories_may_have_configuration() -> None:
    """A switch is no text: the chart's schema would refuse "true"."""
    words = values("localhost/operator:1", "http://10.0.0.1:9090")
    assert words[words.index("config.configMaps=true") - 1] == "--set"
    assert words[words.index("config.secrets=true") - 1] == "--set"
