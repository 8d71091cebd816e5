"""What a language model has to show: what it makes, what surprises it, what it has by heart."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from recurra.config import validated
from recurra.decoding.sampling import Sampling
from recurra.experiment.symbols import SymbolPart
from recurra.experiment.task import Description, Fitted, Rival
from recurra.inputs import registry
from recurra.inputs.symbol import END, RESERVED, UNKNOWN, SymbolInput
from recurra.metrics.copying import longest_copy
from recurra.report.heading import source_name
from recurra.report.number import count
from recurra.report.piece import Colour, HighlightedText, LegendItem, Table, Token
from recurra.report.record import MetricsRecord
from recurra.report.section import Section
from recurra.tasks.language.made import generator_of, made_by_n_grams

TEMPERATURES = (0.5, 0.8, 1.0)
_LENGTHS = {"character": 600, "word": 120, "sign": 320}
_LENGTH = 200
_SHOWN = {"character": 1000, "word": 200}
_SHOWN_ELSE = 400
_COUNTED = 100_000  # symbols of what was judged
_LOOKED_AT = 20  # passages for each that is shown
_PASSAGES, _WIDTH = 6, {"character": 80, "word": 15}
_WIDTH_ELSE = 20
_MOST_BITS = 12.0  # of a symbol that is marked as strongly as can be
_WEAKEST, _STRONGEST = 0.02, 0.75


def describe(fitted: Fitted, part: SymbolPart) -> Description:
    """What was told, and on how much of which text."""
    unit, source = fitted.schema.alphabet.unit, part.source
    facts = [
        (f"{unit.capitalize()}s judged", count(len(part))),
        *(
            (f"{name.capitalize()}s judged", count(int(own.sum())))
            for name, own in part.sizes.items()
            if name != unit
        ),
        ("Documents", count(len(part.ends))),
        (f"Different {unit}s", count(len(fitted.schema.alphabet) - RESERVED)),
    ]
    notes = {
        "word": "Words are what stands between spaces; the end of a line counts as one.",
        "subword": "Perplexity is that of a piece of a word; bits per byte do not depend on the pieces.",
    }
    share = part.unknown()
    unknown = [f"{share:.1%} of the {unit}s are unknown, and told as one symbol."] if share else []
    rate, decay = fitted.config.dynamic_rate, fitted.config.dynamic_decay
    dynamic = f"dynamic_rate={rate:g}" + (f" dynamic_decay={decay:g}" if decay else "")
    learning = [f"The net went on learning while it read ({dynamic})."] if rate else []
    return Description(
        title=f"{source_name(source)}, {unit} by {unit}",
        judged=f"{count(len(part))} {unit}s",
        facts=tuple(facts),
        source=source,
        target=f"the next {unit}",
        notes=(*filter(None, [notes.get(unit, "")]), *unknown, *learning),
    )


def show(fitted: Fitted, part: SymbolPart, rivals: Sequence[Rival], metrics: MetricsRecord) -> list[Section]:
    """Texts out of nothing, a passage coloured by surprise, and the most and least predictable ones."""
    del metrics
    alphabet, kind = fitted.schema.alphabet, registry.symbols(fitted.schema.input)
    bits = np.asarray(rivals[0].answer.surprise) / np.log(2)
    grams = next((one for one in rivals if one.name == "n_grams"), None)
    made = _made(fitted, grams)
    sections = [_samples(alphabet, kind, made, part, None if grams is None else grams.answer.source[1])]
    if kind.compare is not None:
        judged = {"The data": part.tokens.read(0, _COUNTED)}
        sections.append(kind.compare(alphabet, {**judged, **made}))
    return [*sections, _surprise(fitted, part, bits), _passages(fitted, part, bits)]


def _made(fitted: Fitted, grams: Rival | None) -> dict[str, list[int]]:
    """What the net makes of nothing at each temperature, and what n-grams make."""
    alphabet = fitted.schema.alphabet
    length = _LENGTHS.get(alphabet.unit, _LENGTH)
    generator, found = generator_of(fitted), dict[str, list[int]]()
    for temperature in TEMPERATURES:
        asked = validated(generator.options, {"length": length, "temperature": temperature})
        ids = alphabet.ids("".join(generator.generate(asked)))
        found[f"Temperature {temperature:g}"] = [int(one) for one in ids if one != UNKNOWN]
    if grams is not None:
        found[grams.label] = list(made_by_n_grams(grams.answer.source[0], alphabet, Sampling(), length))
    return found


def _samples(
    alphabet: Any, kind: SymbolInput, made: Mapping[str, list[int]], part: SymbolPart, training: Any
) -> Section:
    pieces: list[Any] = []
    if kind.exhibit is not None:
        first = part.tokens.read(0, min(int(part.ends[0]), _LENGTHS.get(alphabet.unit, _LENGTH)))
        title = part.name(int(part.numbers[0]))
        pieces += kind.exhibit(alphabet, first[first >= RESERVED], title, "The beginning of what was judged.")
    for title, ids in made.items():
        pieces += _sample(title, ids, alphabet, kind, training)
    legend = LegendItem(label="longest passage that stands in the training text", role="muted", mark="area")
    return Section(
        id="samples",
        heading="Out of nothing",
        lead="What it writes by itself, likelier with a lower temperature; seed 0, nothing chosen by hand."
        + (" Of empty lines one is shown." if kind.exhibit is None else ""),
        legend=[] if training is None else [legend],
        pieces=pieces,
        layout="full",
    )


def _sample(title: str, ids: list[int], alphabet: Any, kind: SymbolInput, training: Any) -> Sequence[Any]:
    copied, note = (0, 0), ""
    if training is not None:
        begin, end, length = longest_copy(np.array(ids), training)
        copied = (begin, end)
        note = f"Longest copy from the training text: {length} {alphabet.unit}s, repeated ones counted once."
    if kind.exhibit is not None:
        return kind.exhibit(alphabet, ids, title, note, copied)
    begin, end = copied
    stretches: list[tuple[list[int], Colour]] = [
        (ids[:begin], ""),
        (ids[begin:end], "muted"),
        (ids[end:], ""),
    ]
    tokens = [Token(text=_without_gaps(alphabet, own), role=role) for own, role in stretches if own]
    return [HighlightedText(title=title, note=note, tokens=tokens, separator=alphabet.separator)]


def _without_gaps(alphabet: Any, ids: Any) -> str:
    """A text with one empty line where there are many."""
    return re.sub(r"\n(\s*\n){2,}", "\n\n", alphabet.content(ids))


def _surprise(fitted: Fitted, part: SymbolPart, bits: Any) -> Section:
    unit = fitted.schema.alphabet.unit
    ids = part.tokens.read(0, _SHOWN.get(unit, _SHOWN_ELSE))
    tokens = []
    for symbol, own in zip(_shown(fitted, ids), bits, strict=False):
        strength = round(min(float(own) / _MOST_BITS, 1.0) * _STRONGEST, 2)
        tokens.append(Token(text=symbol, role="wrong" if strength > _WEAKEST else "", strength=strength))
    text = HighlightedText(
        note=f"{part.name(int(part.numbers[0]))}: the beginning of what was judged of it.",
        tokens=tokens,
        separator=fitted.schema.alphabet.separator,
    )
    return Section(
        id="surprise",
        heading="What surprises it",
        lead=f"The beginning of what was judged: the stronger the colour, the less it expected the {unit} "
        f"({_MOST_BITS:g} bits and more are the strongest).",
        pieces=[text],
        layout="full",
    )


def _shown(fitted: Fitted, ids: Any) -> Iterator[str]:
    """Symbols as they are marked; what is not seen otherwise by a sign."""
    signs = {"\n": "↵" if fitted.schema.alphabet.separator else "↵\n"}
    for one, text in zip(ids, fitted.schema.alphabet.symbols(ids), strict=True):
        yield "⊣" if one == END else "�" if one == UNKNOWN else signs.get(text, text)


def _passages(fitted: Fitted, part: SymbolPart, bits: Any) -> Section:
    alphabet = fitted.schema.alphabet
    width = min(_WIDTH.get(alphabet.unit, _WIDTH_ELSE), len(bits))
    windows = len(bits) // width
    means = bits[: windows * width].reshape(windows, width).mean(axis=1)
    order = np.argsort(means, kind="stable")
    kept = max(min(_PASSAGES, windows // 2), 1)
    tables = [
        Table(
            title=title,
            columns=["passage", f"bits per {alphabet.unit}"],
            rows=[
                [text, round(float(means[place]), 2)]
                for place, text in _distinct(alphabet, part, chosen, kept, width)
            ],
        )
        for title, chosen in (("Most predictable", order), ("Least predictable", order[::-1]))
    ]
    return Section(
        id="passages",
        heading="What it expects least and most",
        lead=f"Passages of {width} {alphabet.unit}s of what was judged.",
        pieces=tables,
        layout="full",
    )


def _distinct(
    alphabet: Any, part: SymbolPart, places: Any, most: int, width: int
) -> Iterator[tuple[int, str]]:
    """The first passages that differ in more than how often a character is repeated."""
    seen: set[str] = set()
    for place in places[: most * _LOOKED_AT].tolist():
        ids = part.tokens.read(place * width, (place + 1) * width)
        text = " ".join(alphabet.content(ids).split()) or "(only spaces)"
        kind = re.sub(r"(.)\1+", r"\1", text)
        if kind not in seen and len(seen) < most:
            seen.add(kind)
            yield place, text
