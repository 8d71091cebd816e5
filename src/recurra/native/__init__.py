"""The binding to the compiled engine. It never imports torch."""


def unavailable_reason() -> str | None:
    """Why the compiled engine cannot be used, or None when it can."""
    return "this version of recurra has no compiled engine"
