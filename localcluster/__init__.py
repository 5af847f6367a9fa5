"""A real Kubernetes cluster (kind) with its add-ons on one machine: see ``python -m localcluster --help``."""

import sys

if sys.version_info < (3, 11):  # noqa: UP036  (this package is started by whatever Python a machine has)
    sys.exit(f"This needs Python 3.11 or newer, and {sys.executable} is {sys.version.split()[0]}.")
