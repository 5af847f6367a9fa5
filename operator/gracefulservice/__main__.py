"""`python -m gracefulservice`: the operator."""

import sys

from gracefulservice.application import main

if __name__ == "__main__":
    sys.exit(main())
