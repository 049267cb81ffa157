"""One module per command: `pipeline/commands/NAME.py` holds the function NAME, loaded when it is asked for.

The checks of `doctor` that are about provers have a file beside it, `doctor_provers.py`; what `prove` does with a
development stands in `prove_development.py`.

A command takes typed parameters, returns its exit code (or None for 0), prints results on stdout and progress on
stderr, and leaves `UserError` and `OutsideError` to the caller. It imports heavy packages only after it has read its
arguments.
"""

MOST_SECONDS = 1_000_000
"""The largest number of seconds that a command takes for a limit."""

STATUSES = ("proved", "refuted", "conditional", "open", "error")
"""What may become of a statement, in the order in which `prove` counts them."""
