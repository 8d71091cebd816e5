"""Pictures to sentences, through the command, and where each word looked in them."""

import re
from pathlib import Path

import numpy as np
import pytest
from tests.cli.program import call

from recurra.data.image import Pixels
from recurra.inputs.images.config import ImagesConfig
from recurra.inputs.images.encoding import ImageEncoding
from recurra.inputs.images.exhibit import gaze
from recurra.inputs.looks import lit
from recurra.inputs.samples import load_sample


def test_pictures_are_described_and_the_report_shows_where_each_word_looked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run, data = tmp_path / "run", tmp_path / "shapes.jsonl"
    load_sample("shapes").head(60).write_ndjson(data)
    given = ("view=grid", "patch=16", "front_width=2", "hidden_size=8", "max_epochs=1", "max_length=12")
    assert call(capsys, "train", "caption", data, "--out", run, *given).code == 0
    section = re.search(r'id="attention".*?</section>', (run / "report.html").read_text(), re.DOTALL)
    assert section is not None
    assert section[0].count("data:image/png;base64,") >= 2
    assert "bright where the net looked" in section[0]
    assert call(capsys, "explain", run, data, "--rows", "1").code == 0


@pytest.mark.parametrize(
    ("settings", "steps"),
    [
        ({"view": "grid", "height": 8, "width": 12, "patch": 4}, 6),
        ({"view": "rows", "stack": 2}, 4),
        ({"view": "columns", "stack": 5}, 3),
    ],
)
def test_light_falls_where_the_net_looked(settings: dict[str, object], steps: int) -> None:
    image = Pixels(np.zeros((8, 12, 1), np.uint8), 255.0)
    encoding = ImageEncoding.learn([image], ImagesConfig(**settings))
    regions = encoding.regions(image)
    assert len(regions) == len(encoding.encode(image)) == steps
    whole = np.zeros((8, 12))
    for step in range(steps):
        found = lit(regions, np.eye(steps)[step] / 2, (8, 12))
        assert {*np.unique(found)} == {0.0, 1.0}
        whole += found
    np.testing.assert_array_equal(whole, np.ones((8, 12)))
    (piece,) = gaze(image, encoding, "two words", ["two", "words"], np.full((2, steps), 1 / steps))
    assert piece.title == "two words"
    assert gaze(image, encoding, "nothing", [], np.zeros((0, steps))) == ()
