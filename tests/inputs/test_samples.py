import pytest

from recurra.errors import DataError
from recurra.inputs import registry
from recurra.inputs.choice import suited
from recurra.inputs.examples import Kept, keep_nothing
from recurra.inputs.library_source import PACKAGES
from recurra.inputs.registry import get
from recurra.inputs.samples import ROLES, example_names, load_sample

SUITED = {
    "iris": ("table", 150, 5),
    "wine": ("table", 178, 14),
    "breast_cancer": ("table", 569, 31),
    "digits": ("audio", 400, 5),
    "digit_images": ("images", 1797, 2),
    "gestures": ("motion", 350, 2),
    "latch": ("series", 2000, 2),
    "docstrings": ("text", None, 2),
    "python": ("text", None, 2),
}


@pytest.mark.parametrize("name", SUITED)
def test_every_sample_is_read_by_the_input_that_it_suits(name: str) -> None:
    kind, height, width = SUITED[name]
    chosen = suited(
        f"sample:{name}", ("audio", "images", "motion", "table", "series", "text"), keep_nothing, get
    )
    assert chosen.name == kind
    frame = load_sample(name)
    assert frame.width == width
    assert frame.height == height if height else frame.height > 1000
    examples = chosen.read(f"sample:{name}", registry.config(chosen.name)(), lambda _: Kept("label"))
    assert len(examples) == len(examples.places) == examples.columns.height == frame.height
    beside = {"python": ["tags"], "digits": ["path", "label", "voice"]}
    assert examples.columns.columns == beside.get(name, ["label"])


def test_topics_are_prose_without_a_paragraph_twice() -> None:
    assert {*SUITED, "topics", "dates", "digit_lines", "digit_strings", "numbers", "shapes"} == {
        *example_names()
    }
    frame = load_sample("topics")
    paragraphs = [one for text in frame["text"] for one in text.split("\n\n")]
    assert len(paragraphs) == len(set(paragraphs)) > 1000
    assert suited("sample:topics", ("corpus",), keep_nothing, registry.symbols).name == "corpus"


def test_samples_are_the_same_every_time() -> None:
    for name in ("docstrings", "python", "topics"):
        assert load_sample.__wrapped__(name).equals(load_sample(name))


def test_docstrings_are_each_of_one_package() -> None:
    frame = load_sample("docstrings")
    assert set(frame["label"]) <= set(PACKAGES)
    assert len(set(frame["label"])) >= 6
    assert frame["text"].n_unique() == frame.height
    assert frame["text"].str.split(" ").list.len().min() >= 3


def test_tokens_of_python_have_their_roles() -> None:
    rows = load_sample("python").rows()
    assert {tag for _, tags in rows for tag in tags} == set(ROLES)
    assert all(len(tokens) == len(tags) for tokens, tags in rows)
    roles = {(token, tag) for tokens, tags in rows for token, tag in zip(tokens, tags, strict=True)}
    assert {("def", "keyword"), ("(", "operator"), ("None", "literal"), ("ValueError", "class")} <= roles
    definition = next(row for row in rows if row[0][:3] == ["def", "__init__", "("])
    assert definition[1][:4] == ["keyword", "function", "operator", "parameter"]


def test_an_unknown_sample_lists_the_names() -> None:
    with pytest.raises(DataError, match=r"'irs'; expected one of breast_cancer, .*'iris'"):
        load_sample("irs")
