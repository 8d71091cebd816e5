"""Symbols out of nothing, or after a beginning, by a stream program; no torch."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from pydantic import Field

from recurra.config import Config
from recurra.data.naming import listed
from recurra.decoding.readout import make_readout
from recurra.decoding.sampling import Sampler, Sampling, generate
from recurra.errors import ConfigError, DataError, ShapeError
from recurra.experiment.config import combined
from recurra.experiment.live import damaged_program
from recurra.inputs import registry
from recurra.inputs.live import LiveSymbols
from recurra.inputs.symbol import END, PADDING, UNKNOWN, Writer
from recurra.streaming import Program

_SHOWN = 5
_ENDINGS = ("", ".txt")  # of files of text
_MOST = 100_000_000  # symbols


class Generation(Sampling):
    """What is made of nothing, or of a beginning.

    Attributes:
        prompt: What comes before.
        length: At most so many symbols.
        stop: A text that ends it, which is not given; such as a line feed.
        temperature: Divides the logits: below 1 the likely becomes likelier; 0 takes the likeliest always.
    """

    prompt: str = ""
    length: int = Field(default=500, ge=1, le=_MOST)
    stop: str = ""
    temperature: float = Field(default=0.8, ge=0, le=1000)


class SymbolGenerator:
    """Goes on with texts, symbol by symbol.

    Args:
        live: The input whose symbols they are.
        begin: Makes a step function: it takes a symbol, and gives the logits of the next one.
        has_ends: Whether the net tells where a document ends, so that a text may end by itself.

    Attributes:
        options: The class of what `generate` takes: a `Generation`, and what can be asked of the input.
        repeats: Whether a prompt stands before what is made.
    """

    repeats = True

    def __init__(
        self, live: LiveSymbols, begin: Callable[[], Callable[[int], Any]], *, has_ends: bool
    ) -> None:
        self._live, self._begin, self._has_ends = live, begin, has_ends
        self.options: type[Config] = combined(Generation, live.options)

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

        return cls(live, begin, has_ends=has_ends)

    def beginning(self, prompt: str) -> str:
        """What a prompt is as a text: itself, or what the file holds that it names.

        Raises:
            DataError: The file cannot be read.
        """
        path = self._live.file_named(prompt)
        return prompt if path is None else self._live.text_of(path)

    def generate(self, options: Any) -> Iterator[str]:
        """Pieces of text, each as soon as it is drawn; the prompt is not repeated.

        Args:
            options: A finished `options`.

        Raises:
            ConfigError: What is asked of the input cannot be done.
            DataError: The prompt holds symbols that the net does not know, or names a file that cannot be
                read.
        """
        text = self.beginning(options.prompt)
        prompt, guide = self._prompt(text), self._live.guide(options, text)
        forbidden = {PADDING, UNKNOWN} if self._has_ends else {PADDING, UNKNOWN, END}
        sampler = Sampler(options, forbidden)
        writer = self._live.alphabet.writer()
        for symbol in prompt[1:]:
            writer.put(symbol)
        ends_itself = guide is not None and guide.ends and "length" not in options.model_fields_set
        length = _MOST if ends_itself else options.length
        allowed = None if guide is None else guide.allowed
        drawn = generate(self._begin(), prompt, sampler, length=length, stops={END}, allowed=allowed)
        yield from _until(options.stop, _texts(drawn, writer))

    @staticmethod
    def row(text: str) -> Mapping[str, Any]:
        """What was made, as JSON has it."""
        return {"text": text}

    def check_suffix(self, suffix: str) -> None:
        """Make sure that what is made can be written to a file whose name ends so.

        Raises:
            ConfigError: The input has files of its own, and this is neither one of them nor a text.
            MissingDependencyError: A package that is needed is not installed.
        """
        products = self._live.products
        if suffix in products:
            self._live.check_product(suffix)
        elif products and suffix not in _ENDINGS:
            raise ConfigError(f"a file {suffix}", f"one of {listed([*products, '.txt'])}", "Rename it.")

    def files(self, prompt: str, made: Sequence[str], suffix: str, options: Any) -> Sequence[bytes]:
        """What was made, each after the prompt: a text, or a file for each where the input has such files.

        Args:
            prompt: What comes before.
            made: What `generate` gave.
            suffix: How the name of the file ends; one that `check_suffix` allows.
            options: As of `generate`.
        """
        whole = [prompt + one for one in made]
        if suffix in self._live.products:
            return [self._live.file_of(one, suffix, options) for one in whole]
        return [("\n\n".join(whole) + "\n").encode("utf-8", "replace")]

    def _prompt(self, text: str) -> list[int]:
        alphabet = self._live.alphabet
        symbols: list[int] = alphabet.ids(text).tolist()
        if UNKNOWN in symbols:
            unit = alphabet.unit
            shown = sorted({one for one in alphabet.texts(text) if UNKNOWN in alphabet.ids(one)})
            raise DataError(
                f"a prompt with {', '.join(map(repr, shown[:_SHOWN]))}, which the net does not know",
                f"known {unit}s",
                alphabet.remedy,
            )
        return [END, *symbols]


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
