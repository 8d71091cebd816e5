import gzip
from pathlib import Path

import pytest

from recurra.errors import DataError
from recurra.inputs.choice import suited
from recurra.inputs.examples import keep_nothing
from recurra.inputs.registry import get
from recurra.inputs.text.config import TextConfig
from recurra.inputs.text.conll import read_conll
from recurra.inputs.text.input import TEXT

CONLL = """-DOCSTART- -X- O

EU NNP B-ORG
rejects VBZ O

# NN O
# id = 3
fine JJ O
"""
CONLL_U = """# sent_id = 1
1-2\tdon't\t_\t_\t_\t_\t_\t_\t_\t_
1\tdo\tdo\tAUX\tVB\t_\t0\t_\t_\t_
2\tn't\tnot\tPART\tRB\t_\t1\t_\t_\t_
2.1\tgo\tgo\tVERB\tVB\t_\t_\t_\t_\t_

1\tA b\ta b\tX\tFW\t_\t0\t_\t_\t_
"""


def test_conll_gives_tokens_and_tags(tmp_path: Path) -> None:
    path = tmp_path / "a.conll"
    path.write_text(CONLL)
    examples = TEXT.read(path, TextConfig(), keep_nothing)
    assert list(examples.contents) == [["EU", "rejects"], ["#", "fine"]]
    assert examples.columns["tags"].to_list() == [["B-ORG", "O"], ["O", "O"]]
    assert list(examples.places) == ["a.conll, line 3", "a.conll, line 6"]
    assert TEXT.suits(path, keep_nothing)


@pytest.mark.parametrize("name", ["a.conllu", "a.conllu.gz"])
def test_conll_u_skips_ranges_and_empty_nodes(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(gzip.compress(CONLL_U.encode()) if name.endswith("gz") else CONLL_U.encode())
    frame = read_conll(path).frame
    assert frame.to_dict(as_series=False) == {
        "tokens": [["do", "n't"], ["A b"]],
        "tags": [["AUX", "PART"], ["X"]],
        "upos": [["AUX", "PART"], ["X"]],
        "xpos": [["VB", "RB"], ["FW"]],
    }
    assert suited(path, ("table", "series", "text"), keep_nothing, get).name == "text"


def test_columns_without_annotation_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "a.conllu"
    path.write_text("1\ta\t_\t_\tB\t_\t_\t_\t_\t_\n")
    assert read_conll(path).frame.columns == ["tokens", "xpos"]
    plain = tmp_path / "a.conll"
    plain.write_text("a\nb\n\nc\n")
    assert read_conll(plain).frame.columns == ["tokens"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.conll", "a O\nb O\n\nc O\nd\n", r"a\.conll, line 5: 1 columns; expected 2"),
        ("a.conll", "-DOCSTART- O\n", "holds no sentence"),
        ("a.conllu", "1\ta\tb\n", r"line 1: 3 columns; expected 10"),
    ],
)
def test_bad_lines_are_named(name: str, content: str, message: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(DataError, match=message):
        read_conll(tmp_path / name)


def test_a_text_file_that_begins_with_a_document_is_conll(tmp_path: Path) -> None:
    path = tmp_path / "train.txt"
    path.write_text(CONLL)
    assert TEXT.read(path, TextConfig(), keep_nothing).columns.columns == ["tags"]
