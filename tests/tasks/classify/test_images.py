"""Images from a folder, an array or a line of pixels to a class, through the classifier and its command."""

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from PIL import Image as Pillow
from tests.cli.program import call, feed

from recurra import Classifier
from recurra.cli.app import main
from recurra.errors import DamagedError
from recurra.inputs.samples import load_sample
from recurra.streaming import Program
from recurra.tasks.classify.live import LiveClassifier

ROWS = load_sample("digit_images").filter(pl.col("label").is_in(["0", "1"])).head(60)
SMALL = {"hidden_size": 8, "max_epochs": 2, "baselines": (), "front_width": 2, "seed": 3}


def test_a_stream_tells_an_image_row_by_row_as_it_tells_it_whole() -> None:
    settings = {**SMALL, "bidirectional": False, "front": "none", "pooling": "max"}
    classifier = Classifier(**settings).fit(ROWS, validation=ROWS, test=ROWS)
    assert classifier.config_.input == "images"
    assert classifier.config_.view == "rows"
    live = LiveClassifier(classifier.to_program())
    image = ROWS["image"][7].to_list()
    told = [live.predict({"sequence_id": 7, "row": line}).values for line in image]
    whole = LiveClassifier(classifier.to_program()).predict({"image": image}).values
    assert told[-1] == whole
    assert told[0] != whole
    offline = classifier.predict(ROWS[7:8].drop("label"))
    for name in ("p_0", "p_1"):
        assert whole[name] == pytest.approx(offline[name][0], abs=1e-5)
    with pytest.raises(Exception, match="a row of 3 numbers; expected 8"):
        live.predict({"row": [1, 2, 3]})
    with pytest.raises(Exception, match="pixels from 0 to 300; expected from 0 to 255"):
        live.predict({"row": [0] * 7 + [300]})
    with pytest.raises(Exception, match="a row without an image"):
        live.predict({"other": 3})


@pytest.mark.parametrize(
    "given", [{"view": "rows"}, {"view": "columns", "stack": 2}, {"view": "rows", "stack": 4}]
)
def test_a_stream_through_convolutions_has_the_bits_of_the_image_so_far(given: dict[str, object]) -> None:
    settings = {**SMALL, "bidirectional": False, "pooling": "mean", "front_blocks": 3, **given}
    classifier = Classifier(**settings).fit(ROWS, validation=ROWS, test=ROWS)
    program = classifier.to_program()
    live, whole = LiveClassifier(program), LiveClassifier(program)
    image = np.array(ROWS["image"][7].to_list())
    lines, name = (image, "row") if given["view"] == "rows" else (image.T, "column")
    stack, told = int(str(given.get("stack", 1))), {}
    for step in range(8 // stack):
        along = lines[stack * step : stack * (step + 1)]
        told = dict(live.predict({"sequence_id": 7, name: along.ravel().tolist()}).values)
        seen = lines[: stack * (step + 1)]
        so_far = {"image": (seen if name == "row" else seen.T).tolist(), "sequence_end": True}
        if given["view"] == "rows":  # of another height an image is another one
            so_far_told = LiveClassifier(program).predict(so_far).values
            assert told == so_far_told
        if step == 1:  # after a restart it goes on to the bit
            again = LiveClassifier(program)
            again.restore(live.snapshot())
            live = again
    assert told == whole.predict({"image": image.tolist()}).values
    offline = classifier.predict(ROWS[7:8].drop("label"))
    for label in ("p_0", "p_1"):
        assert told[label] == pytest.approx(offline[label][0], abs=1e-5)


def test_a_grid_is_told_whole_and_programs_are_kept_with_their_convolutions(tmp_path: Path) -> None:
    settings = {**SMALL, "bidirectional": False, "view": "grid", "patch": 4, "front_blocks": 2}
    classifier = Classifier(**settings).fit(ROWS, validation=ROWS, test=ROWS)
    classifier.to_program().save(tmp_path / "program")
    live = LiveClassifier(Program.load(tmp_path / "program"))
    told = live.predict({"image": ROWS["image"][7].to_list()}).values
    offline = classifier.predict(ROWS[7:8].drop("label"))
    for label in ("p_0", "p_1"):
        assert told[label] == pytest.approx(offline[label][0], abs=1e-5)
    program = classifier.to_program()
    lacking = {name: one for name, one in program.arrays.items() if name != "front.1.bias"}
    with pytest.raises(DamagedError, match="convolutions that lack a part"):
        LiveClassifier(Program(program.layers, program.metadata, lacking))
    with pytest.raises(DamagedError, match="convolutions that lack a part"):
        LiveClassifier(Program(program.layers, program.metadata))


@pytest.mark.parametrize(
    "settings", [{"view": "grid", "patch": 4, "pooling": "attention", "front_width": 8}, {"view": "vector"}]
)
def test_other_views_learn_too(settings: dict[str, object]) -> None:
    classifier = Classifier(**{**SMALL, "max_epochs": 8, "learning_rate": 1e-2, **settings})
    classifier.fit(ROWS, validation=ROWS, test=ROWS)
    assert classifier.score() > 0.9
    assert classifier.config_.network == ("feed_forward" if settings["view"] == "vector" else "recurrent")


def test_from_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, (image, label) in enumerate(ROWS.iter_rows()):
        (tmp_path / "all" / label).mkdir(parents=True, exist_ok=True)
        Pillow.fromarray(np.array(image, np.uint8)).save(tmp_path / "all" / label / f"{number}.png")
    run = tmp_path / "run"
    given = ("hidden_size=4", "max_epochs=1", "front=none", "bidirectional=false", "baselines=")
    assert call(capsys, "train", "classify", tmp_path / "all", "--out", run, *given).code == 0
    page = (run / "report.html").read_text()
    assert "8 x 8 pixels, grey." in page
    assert page.count("data:image/png;base64,") >= 2
    image = next((tmp_path / "all" / "0").glob("*.png"))
    outcome = call(capsys, "predict", run, image, "--json")
    assert outcome.code == 0
    offline = json.loads(outcome.out)["classify"][0]
    assert offline["path"] == str(image)
    feed(monkeypatch, (json.dumps({"path": str(image)}) + "\n").encode())
    assert main(["stream", str(run)]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["prediction"] == offline["prediction"]
    assert call(capsys, "explain", run, tmp_path / "all", "--rows", "1").code == 0
