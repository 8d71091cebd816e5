"""Both sides made of the same symbols: copying, one vocabulary."""

import itertools
from pathlib import Path
from typing import Any

import pytest
import torch

from recurra import Translator
from recurra.data.labelled import batches_by_length
from recurra.decoding.hypothesis import Beam
from recurra.errors import ConfigError
from recurra.experiment.run import told_by, train
from recurra.experiment.written_text import written
from recurra.inputs.symbol import END, PADDING, RESERVED, UNKNOWN
from recurra.models.attentive import AttentiveEncoderDecoder
from recurra.tasks.translate.task import TRANSLATE
from recurra.types import Sequences

SMALL: dict[str, Any] = {"hidden_size": 8, "target_size": 8, "max_epochs": 1}
CALM: dict[str, Any] = {"dropout": 0.0, "output_dropout": 0.0, "locked_dropout": 0.0, "label_smoothing": 0.0}
SYLLABLES = ("Ba", "Ko", "Mi", "Ru", "Te", "So", "La", "Ni")
NAMES = [f"{a}{b.lower()}{c.lower()}" for a in SYLLABLES for b in SYLLABLES for c in SYLLABLES[:2]]
FORMS = (("I am {}", "hello {}"), ("my name is {} today", "good day {} friend"))
PAIRS = [(read.format(name), written.format(name)) for name in NAMES[:80] for read, written in FORMS]
NEW = [(read.format(name), written.format(name)) for name in NAMES[80:90] for read, written in FORMS]


@pytest.fixture(scope="module")
def copier() -> Translator:
    """One that has learnt to greet by names, of which its vocabulary holds none but three."""
    sizes = {"hidden_size": 24, "target_size": 24, "embedding_size": 24, "target_vocabulary": 8}
    how = {"max_epochs": 12, "batch_size": 16, "learning_rate": 2e-2, "word_dropout": 0.3, "cell": "gru"}
    translator = Translator(copying=True, tokens="word", input_feeding=False, **sizes, **how, **CALM)
    return translator.fit(PAIRS, validation=PAIRS[:8], test=PAIRS[:8])  # type: ignore[return-value]


def test_names_that_training_never_saw_are_copied(copier: Translator) -> None:
    told = copier.predict([read for read, _ in NEW], attention=True)
    right = [own == text for own, (_, text) in zip(told["prediction"], NEW, strict=True)]
    assert sum(right) >= 0.9 * len(NEW)
    row = told.to_dicts()[0]
    assert row["written"] == ["hello", NAMES[80], "<end>"]
    assert row["read"][max(range(3), key=row["attention"][1].__getitem__)] == NAMES[80]
    alternatives = copier.predict([NEW[0][0]], n_best=3)["alternatives"][0].to_list()
    assert any(NAMES[80] in one for one in alternatives)


def test_a_name_that_is_copied_can_be_asked_for_or_banned(copier: Translator) -> None:
    read, new = f"I am {NAMES[85]}", NAMES[85]
    begun = copier.predict([read], prefix=f"{new} good")["prediction"][0]
    assert begun.startswith(f"{new} good")
    assert new in copier.predict([read])["prediction"][0]
    assert new not in copier.predict([read], banned=[new])["prediction"][0]
    part = copier.predict([read], banned=[new[1:], f"x {new}"])["prediction"][0]
    assert new in part  # words are banned as wholes
    with pytest.raises(ConfigError, match=f"'{new}', which the net cannot write"):
        copier.predict(["I am Anna"], prefix=new)


@pytest.mark.parametrize("seed", range(3))
def test_a_wide_beam_of_a_net_that_copies_finds_the_best_of_all(seed: int) -> None:
    settings = {**SMALL, "copying": True, "tokens": "word", "target_vocabulary": 1, "seed": seed}
    prepared = TRANSLATE.prepare(TRANSLATE.read([("a b", "a"), ("b", "a a")] * 10, settings, None, None))
    torch.manual_seed(seed)
    net = TRANSLATE.build(prepared.config, prepared.schema).eval()
    with torch.no_grad():
        net.output_bias.normal_()
    target, longest = prepared.schema.target, 3
    read = ["a Zoe Eve", "a b"]
    encoded = [prepared.schema.encoding.encode(one) for one in read]
    ((rows, source),) = batches_by_length(encoded, 2)
    own = [len(target.alphabet) + place for place in range(2)]
    beam = Beam(size=400, max_length=longest, n_best=4, forbidden=(PADDING, UNKNOWN))
    for row, found in zip(rows, written(net, source, beam, [longest] * 2), strict=True):
        ((_, alone),) = batches_by_length([encoded[row]], 1)
        symbols = [*range(RESERVED, len(target.alphabet)), *own[: len(target.own(read[row]))]]
        paths = [path for size in range(longest + 1) for path in itertools.product(symbols, repeat=size)]
        every = sorted(((told(net, alone, path), path) for path in paths), reverse=True)
        assert [one.symbols for one in found] == [path for _, path in every[:4]]
        assert [one.score for one in found] == pytest.approx([score for score, _ in every[:4]], rel=1e-4)
        assert len(symbols) == 3 - row  # the names of the row can be written, and no other ones


@torch.no_grad()
def told(net: AttentiveEncoderDecoder, source: Sequences, path: tuple[int, ...]) -> float:
    """The score of a text, step by step."""
    read, state = net.read(source)
    total, last = 0.0, END
    for symbol in (*path, END):
        given, state = net.step(torch.tensor([last]), read, state)
        total += float(net.log_probabilities(given, read)[0, symbol])
        last = symbol
    return total / ((5 + len(path) + 1) / 6)


def test_a_copy_does_not_depend_on_its_company(copier: Translator) -> None:
    texts = [read for read, _ in NEW[:4]] + ["I am Anna Bob Carl Dora Eve Franz"]
    together = copier.predict(texts)["prediction"].to_list()
    assert together == [copier.predict([text])["prediction"][0] for text in texts]


def test_targets_point_at_what_stands_in_their_own_source() -> None:
    settings = {**SMALL, "copying": True, "tokens": "word", "target_vocabulary": 2}
    pairs = [("Zoe met Eve", "met Eve Zoe Ann")] + [("a met b", "met a")] * 9
    prepared = TRANSLATE.prepare(TRANSLATE.read(pairs, settings, pairs[:1], pairs[:1]))
    target = prepared.schema.target
    size = len(target.alphabet)
    assert target.own("Zoe met Eve") == ["Zoe", "Eve"]
    own = prepared.validation.known()[0]
    assert own.tolist() == [target.alphabet.ids("met")[0], size + 1, size, 1, END]


@pytest.mark.parametrize("unit", ["character", "word", "subword"])
@pytest.mark.parametrize(("copying", "joint"), [(True, False), (False, True), (True, True)])
def test_every_unit_shares_and_is_kept(unit: str, copying: bool, joint: bool, tmp_path: Path) -> None:
    settings = {**SMALL, "copying": copying, "joint_vocabulary": joint, "target_tokens": unit}
    train(TRANSLATE, PAIRS[:40], {**settings, "test_size": 0}, tmp_path / "run")
    first = told_by(TRANSLATE, tmp_path / "run", ["I am Zoë", ""], {"n_best": 2, "beam": 3}).frame
    assert first.height == 2
    again = told_by(TRANSLATE, tmp_path / "run", ["I am Zoë", ""], {"n_best": 2, "beam": 3}).frame
    assert first.equals(again)


def test_one_vocabulary_has_one_set_of_weights() -> None:
    translator = Translator(**SMALL, joint_vocabulary=True, tokens="word").fit(PAIRS[:40])
    net, schema = translator.fitted_.model, translator.fitted_.schema
    tables = [name for name, _ in net.named_parameters() if "embedding" in name]
    assert tables == ["encoder.embedding.weight"]
    assert schema.encoding.alphabet is schema.target.alphabet
    known = schema.target.alphabet.texts("I am Zoe hello")
    assert schema.target.alphabet.ids("I am hello").min() > END
    assert known == ["I", "am", "Zoe", "hello"]
    assert translator.fitted_.config.embedding_size == 8


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"copying": True, "tokens": "word", "target_tokens": "character"}, "both sides made of the same"),
        ({"joint_vocabulary": True, "characters": "lstm"}, "characters left out"),
        ({"copying": True, "embeddings": "vectors.txt"}, "embeddings left out"),
        ({"copying": True, "lowercase": True}, "symbols as they stand"),
        ({"joint_vocabulary": True, "embedding_size": 4}, "the same size"),
    ],
)
def test_what_stands_against_sharing_is_told(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Translator(**SMALL, **settings).fit(PAIRS[:40])
