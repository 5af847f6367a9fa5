"""The one error that people see: a full sentence that names what failed and what to do."""


class Failure(Exception):  # noqa: N818  (it is shown to people, who call it that)
    """Carries one sentence for the user; the command line prints it and ends with status 1."""
