"""The names under which the product appears in a cluster."""

GROUP = "gracefulservice.dev"
VERSION = "v1alpha1"
API_VERSION = f"{GROUP}/{VERSION}"
KIND = "GracefulService"
PLURAL = "gracefulservices"
SINGULAR = "gracefulservice"
SHORT_NAME = "gsvc"
CATEGORY = "graceful"

NAME_LABEL = f"{GROUP}/name"
"""On every object we make; the value is the name of the GracefulService."""
REVISION_LABEL = f"{GROUP}/revision"
"""On everything that belongs to one revision; the value is its identity."""

ADOPTED_LABEL = f"{GROUP}/adopted"
"""On pods of a Deployment that is being adopted: `serving`, or `leaving` once they are out of the endpoints."""
ADOPTION_ANNOTATION = f"{GROUP}/adoption"
"""On what was taken over: what it was before, or by whom and as what it is adopted."""
COMMAND_ANNOTATION = f"{GROUP}/command"
STABLE_ANNOTATION = f"{GROUP}/stable"
CONDEMNED_ANNOTATION = f"{GROUP}/condemned"
EPOCH_ANNOTATION = f"{GROUP}/epoch"
FINALIZER = f"{GROUP}/route"

FIELD_MANAGER = "gracefulservice"

LONGEST_NAME = 52
"""Characters: a child's name adds a hyphen and ten more, and 63 is the limit of a label."""
CANARY_SUFFIX = "-canary"


REVISION_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"
"""No vowels, so that no word appears by chance, and no `e` or `0`, so that YAML never reads a number."""


def of_revision(name: str, revision: str) -> str:
    """The name of a revision's Deployment, PodDisruptionBudget and ControllerRevision."""
    return f"{name}-{revision}"


def of_canary(name: str) -> str:
    """The name of the Service that selects the canary."""
    return f"{name}{CANARY_SUFFIX}"
