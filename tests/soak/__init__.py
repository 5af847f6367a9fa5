"""A million requests over everything that happens to a service: `make soak`, or `python -m tests.soak [ACTION …]`."""
