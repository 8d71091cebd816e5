"""The page of a WebAssembly export: what it shows in a browser is what the stream says."""

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import polars as pl
import pytest
from tests.experiment.small_nets import readings, waves
from tests.export.browser import exact, needs_browser, served, shown, text_of
from tests.trial import unchecked

from recurra import Forecaster
from recurra.inputs.text.word import split_words
from recurra.streaming import Program

pytestmark = [needs_browser, pytest.mark.usefixtures("without_type_checks")]
without_type_checks = pytest.fixture(unchecked)

CHECK = """<!DOCTYPE html><title>check</title>
<iframe src="index.html"></iframe><p id="told"></p><p id="typed"></p>
<script type="module">
import { ABOUT, load } from "./net.js";
const net = await load(), state = net.init();
document.getElementById("told").textContent = JSON.stringify(GIVEN.map((step) => [...net.step(state, step)]));
const frame = document.querySelector("iframe"), page = () => frame.contentDocument;
const steps = () => page().getElementById("steps");
const wait = setInterval(() => {
  if (!page().querySelector("#field0")) return;
  clearInterval(wait);
  for (const step of GIVEN) {
    step.forEach((value, place) => { page().getElementById(`field${place}`).value = value; });
    page().getElementById("step").click();
  }
  const bars = [...page().querySelectorAll(".bars tr")];
  const typed = Object.fromEntries(bars.map((one) => [one.firstChild.title, Number(one.lastChild.title)]));
  document.getElementById("typed").textContent = JSON.stringify([typed, steps().textContent]);
}, 50);
</script>
"""


def opened(folder: Path, given: str, profile: Path) -> str:
    """The page as a file, with an input in its address."""
    document = shown(f"{(folder / 'index.html').as_uri()}#{quote(given)}", profile)
    assert text_of(document, "fault") == ""
    return document


def test_what_is_typed_on_a_server_gives_what_the_stream_gives(
    trained: Any, shipped: Any, tmp_path: Path
) -> None:
    folder, table = shipped("classify", "wasm"), waves(1)
    steps = np.stack([table[name][0].to_numpy() for name in ("x", "y")], axis=-1)
    (folder / "check.html").write_text(CHECK.replace("GIVEN", json.dumps(steps.tolist())))
    with served(folder) as address:
        document = shown(f"{address}/check.html", tmp_path)
    (folder / "check.html").unlink()
    net, _ = trained("classify")
    expected = [list(net.predict(before).select("p_down", "p_up").row(0)) for before in so_far(table)]
    np.testing.assert_allclose(json.loads(text_of(document, "told")), expected, rtol=0, atol=1e-5)
    typed, count = json.loads(text_of(document, "typed"))
    assert count == str(len(steps))
    np.testing.assert_allclose([typed["down"], typed["up"]], expected[-1], rtol=0, atol=1e-5)


def so_far(table: pl.DataFrame) -> list[pl.DataFrame]:
    """A sequence that ends after each of its steps."""
    longest = int(table["x"].list.len()[0])
    return [table.drop("label").with_columns(pl.col("x", "y").list.head(end + 1)) for end in range(longest)]


@pytest.mark.parametrize(("name", "text"), [("tag", "a B, zebra c E"), ("language", "abc ab!")])
def test_a_text_is_cut_and_told_as_on_a_stream(
    name: str, text: str, trained: Any, shipped: Any, tmp_path: Path
) -> None:
    _, run = trained(name)
    document = opened(shipped(name, "wasm"), text, tmp_path)
    encoding = Program.load(run / "stream").metadata["encoding"]
    if name == "tag":
        known, pieces, first = encoding["vocabulary"]["symbols"], split_words(text.lower()), []
    else:
        known, pieces, first = encoding["symbols"], list(text), [2]
    reserved = 2 if name == "tag" else 3
    ids = [known.index(one) + reserved if one in known else 1 for one in pieces]
    assert 1 in ids
    assert text_of(document, "steps") == str(len(ids))
    expected = Program.load(run / "stream").session().run(np.array(first + ids))[-1]
    found = exact(document)
    names = trained(name)[0].fitted_.schema.target.tags if name == "tag" else ["", "", "", *known]
    assert len(found) > 3
    for label, value in found.items():
        if label:
            assert value == pytest.approx(expected[list(names).index(label)], abs=1e-5)
    if name == "tag":
        marks = re.findall(r"<mark[^>]*>([^<]*)<small>([^<]*)</small>", document)
        whole = Program.load(run / "stream").session().run(np.array(ids))
        assert marks == [
            (piece, names[scores.argmax()]) for piece, scores in zip(split_words(text), whole, strict=True)
        ]


def test_a_forecast_is_drawn_ahead_of_what_came(trained: Any, shipped: Any, tmp_path: Path) -> None:
    values = readings()["y"].to_numpy()[:50]
    document = opened(shipped("forecast", "wasm"), "\n".join(map(str, values)), tmp_path)
    program = Forecaster.load(trained("forecast")[1]).to_program(level=(80,))
    is_change = program.metadata["centre"] == "last"
    first = np.diff(values, prepend=values[0]) if is_change else values
    expected = program.session().run(first[:, None].astype(np.float32))[-1]
    told = re.findall(r'<th scope="row">(step \d+)</th><td title="([^"]*)">([^<]*)<', document)
    assert [step for step, _, _ in told] == ["step 51", "step 52", "step 53"]
    np.testing.assert_allclose([float(one) for _, one, _ in told], expected[:3], rtol=0, atol=1e-5)
    ahead = expected[:3] + (values[-1] if is_change else 0)
    np.testing.assert_allclose([float(one) for *_, one in told], ahead, rtol=1e-3)
    assert document.count('class="curve"') == 2
    assert document.count('class="band"') == 1


def test_a_detector_expects_the_next_value(trained: Any, shipped: Any, tmp_path: Path) -> None:
    values = readings()["y"].to_numpy()[:30]
    document = opened(shipped("detect", "wasm"), "\n".join(map(str, values)), tmp_path)
    program = Program.load(trained("detect")[1] / "stream")
    (unit,) = program.metadata["units"].values()
    inner = np.arcsinh((values - unit["centre"]) / unit["scale"]) / unit["spread"]
    steps = np.stack([inner, np.diff(inner, prepend=inner[0])], axis=-1).astype(np.float32)
    change, doubt = program.session().run(steps)[-1]
    spread = np.log1p(np.exp(doubt)) + 0.01
    ends = inner[-1] + change + np.array([0, -1, 1]) * np.log(100) * spread
    expected = unit["centre"] + unit["scale"] * np.sinh(ends * unit["spread"])
    told = re.findall(r"-?\d+\.?\d*", text_of(document, "lead"))[:3]
    np.testing.assert_allclose([float(one) for one in told], expected, rtol=2e-3)


def test_wrong_rows_are_told_and_change_nothing(shipped: Any, tmp_path: Path) -> None:
    address = f"{(shipped('classify', 'wasm') / 'index.html').as_uri()}#{quote('20, -5' + chr(10) + '1, b')}"
    document = shown(address, tmp_path)
    assert text_of(document, "fault") == 'Line 2: 2 numbers expected, not "1, b".'
    assert text_of(document, "steps") == "0"


def test_the_page_asks_for_nothing_from_elsewhere(shipped: Any) -> None:
    page = (shipped("tag", "wasm") / "index.html").read_text()
    assert "default-src 'none'" in page
    addresses = set(re.findall(r"https?://[^\s\"'<)]+", page))
    assert addresses <= {"http://www.w3.org/2000/svg"}
