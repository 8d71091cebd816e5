"""What a description of an encoding that was damaged ends in, as an error of ours."""

from collections.abc import Iterator
from contextlib import contextmanager

from recurra.errors import DamagedError


@contextmanager
def reviving(contents: str) -> Iterator[None]:
    """While an encoding is made again from its description.

    Args:
        contents: What it encodes, such as "motions".

    Raises:
        DamagedError: The description lacks a part.
    """
    try:
        yield
    except (KeyError, TypeError, ValueError) as error:
        raise DamagedError(
            f"an encoding of {contents} that lacks a part ({error})",
            "what its training wrote",
            "Restore the file.",
        ) from error
