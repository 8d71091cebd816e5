"""Pieces of a report that are files of another kind: pictures and sounds, in base64."""

import base64
from typing import Annotated, Any, Literal

from pydantic import AfterValidator

from recurra.report.record import Piece


def _known_base64(content: str, signatures: dict[bytes, str]) -> str:
    try:
        begins = base64.b64decode(content, validate=True)[:8]
    except ValueError as error:
        raise ValueError("content is not base64") from error
    if not any(begins.startswith(signature) for signature in signatures):
        raise ValueError(f"content is not {' or '.join(signatures.values())}")
    return content


_PICTURES = {b"\x89PNG\r\n\x1a\n": "PNG"}
_SOUNDS = {b"RIFF": "WAV", b"OggS": "OGG"}


class Picture(Piece):
    """A picture: PNG in base64; `pixelated` keeps the pixels of a small one square."""

    kind: Literal["picture"] = "picture"
    content: Annotated[str, AfterValidator(lambda content: _known_base64(content, _PICTURES))]
    pixelated: bool = False

    @classmethod
    def of(cls, png: bytes, **fields: Any) -> "Picture":
        """A picture of the bytes of a PNG file, with the other fields by name."""
        return cls(content=base64.b64encode(png).decode(), **fields)


class Audio(Piece):
    """A sound: WAV or OGG in base64."""

    kind: Literal["audio"] = "audio"
    content: Annotated[str, AfterValidator(lambda content: _known_base64(content, _SOUNDS))]

    @classmethod
    def of(cls, sound: bytes, **fields: Any) -> "Audio":
        """A sound of the bytes of a WAV or OGG file, with the other fields by name."""
        return cls(content=base64.b64encode(sound).decode(), **fields)

    @property
    def media_type(self) -> str:
        """As browsers call it."""
        return "audio/ogg" if base64.b64decode(self.content[:8]).startswith(b"OggS") else "audio/wav"
