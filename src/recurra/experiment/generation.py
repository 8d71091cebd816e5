"""Symbols out of nothing, or after a beginning, by a stream program; no torch."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from pydantic import Field

from recurra.decoding.readout import make_readout
from recurra.decoding.sampling import Sampler, Sampling, generate
from recurra.errors import DataError, ShapeError
from recurra.experiment.live import damaged_program
from recurra.inputs import registry
from recurra.inputs.live import LiveSymbols
from recurra.inputs.symbol import END, PADDING, UNKNOWN, Alphabet, Writer
from recurra.streaming import Program

_SHOWN = 5


class Generation(Sampling):
    """What is made of nothing, or of a beginning.

    Attributes:
        prompt: What comes before.
        length: At most so many symbols.
        stop: A text that ends it, which is not given; such as a line feed.
        temperature: Divides the logits: below 1 the likely becomes likelier; 0 takes the likeliest always.
    """

    prompt: str = ""
    length: int = Field(default=500, ge=1, le=100_000_000)
    stop: str = ""
    temperature: float = Field(default=0.8, ge=0, le=1000)


class SymbolGenerator:
    """Goes on with texts, symbol by symbol.

    Args:
        alphabet: The symbols.
        has_ends: Whether the net tells where a document ends, so that a text may end by itself.
        begin: Makes a step function: it takes a symbol, and gives the logits of the next one.

    Attributes:
        options: The class of what `generate` takes.
        repeats: Whether a prompt stands before what is made.
    """

    options = Generation
    repeats = True

    def __init__(
        self, alphabet: Alphabet, begin: Callable[[], Callable[[int], Any]], *, has_ends: bool
    ) -> None:
        self.alphabet, self._begin, self._has_ends = alphabet, begin, has_ends

    @classmethod
    def of_program(cls, program: Program, weights: str = "float32") -> "SymbolGenerator":
        """One that runs what a language model's `to_program` made.

        Raises:
            DamagedError: What the program says of itself does not fit its layers.
            ConfigError: There are no weights of this type.
        """
        live, has_ends, logits = symbols_of(program)

        def begin() -> Callable[[int], Any]:
            step = program.session(weights).step
            return lambda symbol: logits(step(symbol))

        return cls(live.alphabet, begin, has_ends=has_ends)

    def generate(self, options: Generation) -> Iterator[str]:
        """Pieces of text, each as soon as it is drawn; the prompt is not repeated.

        Raises:
            DataError: The prompt holds symbols that the net does not know.
        """
        prompt = self._prompt(options.prompt)
        forbidden = {PADDING, UNKNOWN} if self._has_ends else {PADDING, UNKNOWN, END}
        sampler = Sampler(options, forbidden)
        writer = self.alphabet.writer()
        for symbol in prompt[1:]:
            writer.put(symbol)
        drawn = generate(self._begin(), prompt, sampler, length=options.length, stops={END})
        yield from _until(options.stop, _texts(drawn, writer))

    @staticmethod
    def row(text: str) -> Mapping[str, Any]:
        """What was made, as JSON has it."""
        return {"text": text}

    @staticmethod
    def document(prompt: str, made: Sequence[str], ending: str) -> bytes:
        """A file of what was made, each after the prompt; all endings are those of texts."""
        del ending
        return ("\n\n".join(prompt + one for one in made) + "\n").encode("utf-8", "replace")

    def _prompt(self, text: str) -> list[int]:
        symbols: list[int] = self.alphabet.ids(text).tolist()
        if UNKNOWN in symbols:
            unit = self.alphabet.unit
            shown = sorted({one for one in _parts(text, unit) if UNKNOWN in self.alphabet.ids(one)})
            raise DataError(
                f"a prompt with {', '.join(map(repr, shown[:_SHOWN]))}, which the net does not know",
                f"known {unit}s",
                "Write it otherwise, or train with tokens=subword, which can write anything.",
            )
        return [END, *symbols]


def _parts(text: str, unit: str) -> Sequence[str]:
    return text.split() if unit == "word" else text


def _texts(symbols: Iterator[int], writer: Writer) -> Iterator[str]:
    """What symbols add, one after another."""
    for symbol in symbols:
        text = writer.put(symbol)
        if text:
            yield text
    rest = writer.finish()
    if rest:
        yield rest


def _until(stop: str, texts: Iterator[str]) -> Iterator[str]:
    """Texts up to the first place where they hold another one, each as soon as it is sure."""
    if not stop:
        yield from texts
        return
    held = ""
    for text in texts:
        held += text
        if stop in held:
            held = held[: held.index(stop)]
            break
        sure = len(held) - len(stop) + 1
        if sure > 0:
            yield held[:sure]
            held = held[sure:]
    if held:
        yield held


class ProgramSymbols(NamedTuple):
    """What stands before and behind a program of symbols.

    Attributes:
        live: Its input.
        has_ends: Whether it tells where documents end.
        logits: From its outputs to the logits of what comes next.
    """

    live: LiveSymbols
    has_ends: bool
    logits: Callable[[Any], Any]


def symbols_of(program: Program) -> ProgramSymbols:
    """What stands before and behind a program of symbols.

    Raises:
        DamagedError: What the program says of itself does not fit its layers.
    """
    about = program.metadata
    if not isinstance(about.get("input"), str) or not isinstance(about.get("encoding"), Mapping):
        raise damaged_program("says nothing of its input")
    live = registry.live(about["input"]).from_dict(about["encoding"])
    if not isinstance(live, LiveSymbols):
        raise damaged_program(f"says input={about['input']!r}, whose steps are no symbols")
    if not isinstance(about.get("readout", {}), Mapping):
        raise damaged_program(f"says readout={about['readout']!r}")
    try:
        readout = make_readout(about.get("readout", {}), program.arrays, program.output_size)
    except ShapeError as error:
        raise damaged_program(f"has {error.got}") from error
    if len(live.alphabet) != readout.output_size:
        raise damaged_program(f"has {readout.output_size} outputs for {len(live.alphabet)} symbols")
    return ProgramSymbols(live, bool(about.get("has_ends")), readout.logits)
