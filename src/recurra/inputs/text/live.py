"""Texts of a live stream as ids, without torch."""

from collections.abc import Mapping
from typing import Any

from recurra.errors import ConfigError, DataError
from recurra.inputs.live import LiveInput
from recurra.inputs.text.codec import TextCodec


class LiveText(LiveInput):
    """The ids of a text's tokens.

    Args:
        codec: Texts to ids.

    Raises:
        ConfigError: The letters of words are read too, which a stream program does not know.
    """

    columns = ("text",)

    def __init__(self, codec: TextCodec) -> None:
        if codec.alphabet is not None:
            raise ConfigError(
                "a net that reads the letters of words", "one that reads words alone", "Set characters=none."
            )
        self.codec = codec

    @classmethod
    def from_dict(cls, metadata: Mapping[str, Any]) -> "LiveText":
        """Make it from what `TextEncoding.to_dict` gave.

        Raises:
            ConfigError: The letters of words are read too.
            DamagedError: A part is missing.
        """
        return cls(TextCodec.from_dict(metadata))

    def steps(self, row: Mapping[str, Any]) -> list[int]:
        """The ids of `text` or `tokens`, a text or a list of tokens; of an empty one that of an unknown one.

        Raises:
            DataError: There is no text.
        """
        content = row.get("text", row.get("tokens"))
        if not isinstance(content, str | list | tuple):
            got = "a row without text" if content is None else f"text is {content!r}"
            raise DataError(got, '{"text": "..."}, or a list of tokens', "Write the text in column text.")
        ids: list[int] = self.codec.encode(content)[:, 0].tolist()
        return ids
