"""The page of a server, in a browser: each way in, what goes wrong, and that nothing else is asked."""

import asyncio
import json
import re
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import soundfile
from tests.serving.browser import CHROMIUM, Tab, browser
from tests.serving.conftest import serving
from tests.serving.relay import relay
from typer.testing import CliRunner
from websockets.sync.client import connect

import recurra
from recurra.cli.app import app
from recurra.inputs.samples import load_sample
from recurra.report import templates
from recurra.serving import page
from recurra.serving.generating import Making
from recurra.serving.guard import Guard

pytestmark = pytest.mark.skipif(
    not any(Path(one).exists() for one in CHROMIUM), reason="the page needs a Chromium to be shown in"
)
SMALL = {"hidden_size": 8, "max_epochs": 1, "baselines": ()}
ONE_WAY = {"bidirectional": False, "pooling": "last"}
BODY = "document.body.innerText"
ON = "document.querySelector('.state')?.dataset.state === 'on'"
"""The live session is connected."""


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    sound = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")  # it beeps
    with browser(tmp_path_factory.mktemp("browser"), *sound) as found:
        yield found


@pytest.fixture(autouse=True)
def _quiet(tab: Tab) -> Iterator[None]:
    """Nothing is complained of in the browser's console."""
    yield
    tab.open("about:blank")
    complaints = list(tab.complaints)
    tab.complaints.clear()
    assert complaints == []


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server of nets that read pictures, pens and notes, hardly trained."""
    folder = tmp_path_factory.mktemp("drawn")
    some = load_sample("letters")
    letters = some.filter(pl.col("label").is_in(["a", "b"]))
    made = {
        "picture": (recurra.Classifier(**SMALL), load_sample("digit_images").head(60)),
        "strip": (recurra.Classifier(**SMALL, **ONE_WAY), load_sample("digit_images").head(60)),
        "whole": (recurra.Classifier(**SMALL), letters),
        "pen": (recurra.Classifier(**SMALL, **ONE_WAY, size="data", spacing=0), letters),
        "tunes": (recurra.LanguageModel(**SMALL), load_sample("tunes").head(12)),
    }
    for name, (estimator, data) in made.items():
        estimator.fit(data, show_progress=False).save(folder / name)
    with serving({name: folder / name for name in made}, Guard(), None) as address:
        yield address


def show(tab: Tab, address: str, place: str) -> None:
    tab.open("about:blank")
    tab.open(f"http://{address}/#{place}")
    tab.wait("document.querySelector('h1') !== null")


def streamed(run: Path, rows: list[dict[str, object]]) -> list[dict[str, object]]:
    """What `recurra stream` says of rows."""
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    said = CliRunner().invoke(app, ["stream", str(run)], input=lines)
    assert said.exit_code == 0, said.output
    return [json.loads(line) for line in said.stdout.splitlines()]


def cells(tab: Tab, row: int) -> dict[str, str]:
    """The cells of a row of answers in full, by the names of their columns."""
    script = f"""(() => {{
        const names = [...document.querySelectorAll('.stack > .scroll th')].map((one) => one.innerText);
        const cells = document.querySelectorAll('tr[data-row="{row}"]')[0].children;
        return Object.fromEntries([...cells].map((one, at) => [names[at], one.title || one.innerText]));
    }})()"""
    tab.wait(f"document.querySelector('tr[data-row=\"{row}\"]') !== null")
    return tab.run(script)


def test_rows_of_a_form_are_answered_as_on_a_stream(tab, address, runs):
    show(tab, address, "sales")
    tab.wait(ON)
    rows = [{"y": "2"}, {"y": "3.5"}]
    for row in rows:
        tab.type("input[name=y]", f"{row['y']}\n")
        tab.wait(f"document.querySelector('tr[data-row=\"{1 + rows.index(row)}\"]') !== null")
    expected = streamed(runs["sales"], rows)
    for number, one in enumerate(expected, start=1):
        assert json.loads(f"[{cells(tab, number)['forecast']}]") == one["forecast"]
    assert tab.run("document.querySelectorAll('.drawing path.line').length") == 3
    rows_told = "[...document.querySelectorAll('.numbers > div')].find((one) => /rows/.test(one.innerText))"
    assert tab.run(f"{rows_told}.innerText").endswith("2")


def test_a_pasted_table_goes_row_by_row(tab, address, runs):
    show(tab, address, "sales")
    tab.wait(ON)
    values = [float(step % 4) for step in range(70)]
    lines = ["ds,y", *(f"{step},{value}" for step, value in enumerate(values, start=60))]
    tab.run(f"document.querySelector('textarea').value = {json.dumps(chr(10).join(lines))}")
    tab.click("Send rows")
    rows = [{"ds": str(step), "y": str(value)} for step, value in enumerate(values, start=60)]
    last = streamed(runs["sales"], rows)[-1]
    assert json.loads(f"[{cells(tab, 70)['forecast']}]") == last["forecast"]


def test_intervals_of_a_live_forecast_are_a_band(tab, runs, tmp_path):
    recurra.Forecaster.load(runs["sales"]).to_program(level=(80,)).save(tmp_path / "band")
    with serving({"band": tmp_path / "band"}, Guard(), None) as address:
        show(tab, address, "band")
        tab.wait(ON)
        tab.type("input[name=y]", "2\n")
        tab.wait("document.querySelector('.drawing path.band')?.getAttribute('d').length > 20")
        assert "80% interval" in tab.run(BODY)
        tab.open("about:blank")


def test_what_is_wrong_with_a_row_is_told(tab, address):
    show(tab, address, "sales")
    tab.wait(ON)
    tab.type("input[name=y]", "much\n")
    tab.wait("document.querySelector('.fault') !== null")
    told = tab.run("document.querySelector('.fault').innerText")
    assert "'y' holds 'much'" in told
    assert re.search(r"Expected\s+a finite number", told)
    assert re.search(r"To do\s+\w", told)
    tab.type("input[name=y]", "2\n")  # and the session goes on
    assert "forecast" in cells(tab, 2)


def test_words_are_tagged_as_they_are_typed(tab, address, runs):
    show(tab, address, "roles")
    tab.wait(ON)
    tab.type("textarea", "def f ( x )\nreturn")
    marks = "[...document.querySelectorAll('.tokens mark small')].map((one) => one.innerText)"
    words = ["def", "f", "(", "x", ")"]
    tab.wait(f"{marks}.length === 5")  # the last word may go on
    tags = [one["tags"][0] for one in streamed(runs["roles"], [{"text": one} for one in words])]
    assert tab.run(marks) == tags
    tab.click("Read to the end")
    tab.wait(f"{marks}.length === 6")


def test_a_text_that_is_corrected_is_read_anew(tab, address, runs):
    show(tab, address, "topics")
    tab.wait(ON)
    tab.type("textarea", "defx")
    tab.press("Backspace", 8)
    tab.type("textarea", " f")
    said = streamed(runs["topics"], [{"text": one} for one in "def f"])
    bits = "[...document.querySelectorAll('.tokens mark')].map((one) => one.title)"
    expected = [f"{one['bits']} bits" for one in said]
    tab.wait(f"{bits}.join() === {json.dumps(','.join(expected))}")
    labels = "[...document.querySelectorAll('.bars .label')].map((one) => one.innerText)"
    likely = [one.replace(" ", "␣").replace("\n", "↵") for one in said[-1]["next"]]
    tab.wait(f"{labels}.join(' ') === {json.dumps(' '.join(likely))}")


def test_a_text_is_made_piece_by_piece(tab, address, runs):
    show(tab, address, "topics/writing")
    tab.type("textarea", "def")
    tab.run("document.querySelector('input[name=length]').value = 40")
    tab.click("Generate")
    command = ["generate", str(runs["topics"]), "--prompt", "def", "--length", "40", "--json"]
    said = CliRunner().invoke(app, command)
    assert said.exit_code == 0, said.output
    made = json.loads(said.stdout)["made"][0]["text"]
    tab.wait(f"document.querySelector('pre').textContent === {json.dumps('def' + made)}")


def test_a_text_that_is_made_can_be_stopped(tab, address, monkeypatch):
    ended = threading.Event()

    async def endless(_making: object, _seconds: float) -> AsyncIterator[str]:
        try:
            while True:
                yield 'data: {"text": "more "}\n\n'
                await asyncio.sleep(0.01)
        finally:
            ended.set()

    monkeypatch.setattr(Making, "events", endless)
    show(tab, address, "topics/writing")
    tab.click("Generate")
    tab.wait("document.querySelector('pre').textContent.includes('more more')")
    assert not ended.is_set()
    tab.click("Stop")
    tab.wait("![...document.querySelectorAll('button')].find((one) => one.innerText === 'Generate').disabled")
    assert tab.run("document.querySelector('.fault')") is None
    assert ended.wait(10)


def test_a_row_that_is_no_step_is_predicted(tab, address):
    show(tab, address, "iris")
    for name, value in {"sepal_length": 5.1, "sepal_width": 3.5, "petal_length": 1.4}.items():
        tab.type(f"input[name={name}]", str(value))
    tab.type("input[name=petal_width]", "0.2\n")
    tab.wait("document.querySelectorAll('.bars li').length === 3")
    tab.wait("document.querySelectorAll('tbody tr').length === 1")


def test_pasted_data_that_cannot_be_read_are_told(tab, address):
    show(tab, address, "iris")
    tab.type("textarea", "sepal_length,sepal_width\n5.1,3.5\n")
    tab.run("document.querySelector('.card .actions .primary').click()")
    tab.wait("document.querySelector('.fault') !== null")
    assert "petal_length" in tab.run("document.querySelector('.fault').innerText")
    tab.complaints = [one for one in tab.complaints if "422" not in one]  # as browsers note of such answers


@pytest.mark.parametrize("name", ["picture", "strip", "whole", "pen"])
def test_what_is_drawn_is_read(tab, drawn, name):
    show(tab, drawn, name)
    if name in ("strip", "pen"):
        tab.wait(ON)
    tab.draw(".pad", [(0.3, 0.2), (0.4, 0.5), (0.5, 0.8), (0.6, 0.5), (0.7, 0.2)])
    tab.wait("document.querySelectorAll('.bars li').length > 1")
    assert tab.run("document.querySelector('.fault')") is None
    tab.click("Clear")
    assert tab.run("document.querySelectorAll('.pad polyline').length") == 0


def test_a_pen_can_be_moved_with_keys(tab, drawn):
    show(tab, drawn, "pen")
    tab.wait(ON)
    tab.run("document.querySelector('.pad').focus()")
    for key, code in [(" ", 32), ("ArrowDown", 40), ("ArrowDown", 40), ("ArrowRight", 39), (" ", 32)]:
        tab.press(key, code)
    tab.wait("document.querySelectorAll('.bars li').length > 1")
    assert len(tab.run("document.querySelector('.pad polyline').getAttribute('points')").split()) == 4


def test_a_tune_goes_on_from_the_keyboard(tab, drawn):
    show(tab, drawn, "tunes")
    for name in ("C4", "E4"):
        tab.wait("document.querySelector('.keyboard') !== null")
        tab.run(f"document.querySelector('.keyboard [aria-label={name}]').click()")
    assert tab.run("document.querySelector('textarea').value") == "C4 | C4 | E4 | E4 |"
    assert tab.run("document.querySelectorAll('.roll .given').length") == 2
    tab.click("Generate")
    tab.wait("document.querySelectorAll('.roll .made').length > 0")


@pytest.fixture(scope="module")
def heard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server of a net that writes down what is said, hardly trained."""
    folder = tmp_path_factory.mktemp("heard")
    transcriber = recurra.Transcriber(**SMALL, bidirectional=False)
    transcriber.fit(load_sample("digit_strings").head(30), show_progress=False).save(folder / "said")
    with serving({"said": folder / "said"}, Guard(), None) as address:
        yield address


def test_a_recording_is_heard(tab, heard, tmp_path):
    show(tab, heard, "said")
    rate = tab.run("new AudioContext().sampleRate")
    noise = np.random.default_rng(0).integers(-9000, 9000, int(1.5 * rate), np.int16)
    soundfile.write(tmp_path / "noise.wav", noise, rate)
    tab.choose("input[type=file]", tmp_path / "noise.wav")
    with connect(f"ws://{heard}/v1/models/said/stream?rate={rate}") as other:
        other.send(noise.tobytes())
        other.send('{"$do": "end"}')
        lines = [json.loads(line) for message in other for line in message.split("\n")]
    said = [line["text"] for line in lines if line.get("kind") == "final"]
    texts = "[...document.querySelectorAll('tbody tr')].map((one) => one.children[1].innerText)"
    tab.wait("document.querySelector('tbody td')?.innerText === 'final'")
    assert tab.run(texts)[::-1] == [" ".join(one.split()) for one in said]


def test_a_microphone_is_heard(tab, heard):
    show(tab, heard, "said")
    tab.click("Use the microphone")
    tab.wait("Number(/([\\d.]+) s of sound/.exec(document.body.innerText)?.[1]) > 0.5")
    tab.click("Stop")
    tab.wait("![...document.querySelectorAll('button')][0].disabled")
    assert tab.run("document.querySelector('.fault')") is None


def test_a_lost_connection_is_taken_up_again(tab, address, runs):
    marks = "document.querySelectorAll('.tokens mark[title]').length"
    with relay(address) as network:
        show(tab, network.address, "topics")
        tab.wait(ON)
        tab.type("textarea", "def")
        tab.wait(f"{marks} === 3")
        token = tab.run("document.querySelector('.token').innerText")
        network.cut()
        tab.wait("document.querySelector('.state').dataset.state === 'lost'")
        assert "connection lost" in tab.run(BODY)
        tab.type("textarea", " f")  # waits
        network.mend()
        tab.wait(f"{marks} === 5")
        assert tab.run("document.querySelector('.token').innerText") == token
        bits = [one["bits"] for one in streamed(runs["topics"], [{"text": one} for one in "def f"])]
        shown = tab.run("[...document.querySelectorAll('.tokens mark')].map((one) => one.title)")
        assert shown == [f"{one} bits" for one in bits]
        tab.click("Begin anew")
        tab.wait(f"{ON} && document.querySelector('.token').innerText !== {json.dumps(token)}")
        tab.open("about:blank")
    gone = ("net::ERR_", "WebSocket connection")
    tab.complaints = [one for one in tab.complaints if not any(what in one for what in gone)]


def test_answers_that_were_lost_on_their_way_come_again(tab, address, runs):
    with relay(address) as network:
        show(tab, network.address, "topics")
        tab.wait(ON)
        tab.type("textarea", "d")
        tab.wait("document.querySelectorAll('.tokens mark[title]').length === 1")
        token = tab.run("document.querySelector('.token').innerText")
        network.cut()
        with connect(f"ws://{address}/v1/models/topics/stream?session={token}") as other:
            other.recv()
            other.send('{"text": "e", "$row": 2}')  # as if the page had sent it, and heard nothing
            other.recv()
        tab.type("textarea", "ef")
        network.mend()
        tab.wait("document.querySelectorAll('.tokens mark[title]').length === 3")
        bits = [f"{one['bits']} bits" for one in streamed(runs["topics"], [{"text": one} for one in "def"])]
        assert tab.run("[...document.querySelectorAll('.tokens mark')].map((one) => one.title)") == bits
        tab.open("about:blank")
    gone = ("net::ERR_", "WebSocket connection")
    tab.complaints = [one for one in tab.complaints if not any(what in one for what in gone)]


def test_a_session_that_another_page_took_over_is_not_fought_for(tab, address):
    show(tab, address, "topics")
    tab.wait(ON)
    token = tab.run("document.querySelector('.token').innerText")
    with connect(f"ws://{address}/v1/models/topics/stream?session={token}") as other:
        other.recv()
        tab.wait("document.querySelector('.state').dataset.state === 'over'")
    tab.click("Connect")
    tab.wait(ON)


def test_a_token_is_asked_for_and_kept_in_the_tab(tab, runs):
    with serving(runs, Guard(("a-token-of-some-length",)), None) as address:
        tab.open(f"http://{address}/#sales")
        tab.type("input[type=password]", "a-token-of-another-kind\n")
        tab.wait("/unknown token/.test(document.body.innerText)")
        tab.type("input[type=password]", "a-token-of-some-length\n")
        tab.wait(ON)
        tab.type("input[name=y]", "2\n")
        assert "forecast" in cells(tab, 1)
        assert tab.run("Object.keys(sessionStorage).length + Object.keys(localStorage).length") == 1
        tab.run("sessionStorage.clear()")
        tab.open("about:blank")
    tab.complaints = [one for one in tab.complaints if "401" not in one]


def test_it_asks_no_other_server(tab, address):
    tab.requests.clear()
    for place in ("sales", "roles", "topics/writing", "iris"):
        show(tab, address, place)
    own = (f"http://{address}/", f"ws://{address}/", "about:blank", "data:")
    assert tab.requests
    assert [one for one in tab.requests if not one.startswith(own)] == []


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("place", ["sales", "roles", "topics/writing", "iris"])
def test_it_fits_desks_and_phones(tab, address, place, width):
    tab.resize(width, 844)
    show(tab, address, place)
    tab.wait("document.querySelector('textarea') !== null")
    assert tab.run("document.documentElement.scrollWidth") <= width
    names = "[...document.querySelectorAll('input, textarea, select')].map((one) => one.labels.length)"
    assert 0 not in tab.run(names)


def test_it_has_the_colours_of_reports():
    folder = Path(page.__file__).parent
    own, reports = folder / "page.css", Path(templates.__path__[0]) / "page.css"
    texts = [path.read_text().partition("\n* {")[0] for path in (own, reports)]
    assert texts[0] == texts[1]


def test_every_script_is_served_and_small():
    folder = Path(page.__file__).parent
    scripts = {path.name for path in folder.glob("*.js")}
    imported = {
        name for path in folder.glob("*.js") for name in re.findall(r'"\./(\w+\.js)"', path.read_text())
    }
    assert imported | {"main.js", "microphone.js"} == scripts
    assert {name for _, name, kind in page._FILES if kind == "text/javascript"} == scripts
    assert max(len((folder / name).read_text().splitlines()) for name in scripts) < 350
