r"""Control characters as people can see them: "\x1b" for an escape, which a terminal would obey."""

_CODES = [*range(32), *range(127, 160)]
_ESCAPES = {code: chr(code).encode("unicode_escape").decode() for code in _CODES if chr(code) not in "\n\t"}


def visible(text: str) -> str:
    """A text whose control characters, but for line breaks and tabs, stand as escapes."""
    return text.translate(_ESCAPES)
