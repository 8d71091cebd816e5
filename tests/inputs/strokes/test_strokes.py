"""Ink from every form of data to steps, and what is refused."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from recurra.config import validated
from recurra.errors import ArtifactError, ConfigError, DamagedError, DataError
from recurra.inputs import registry
from recurra.inputs.choice import suited
from recurra.inputs.examples import Examples, Keep, Kept, keep_nothing
from recurra.inputs.generated_ink import LETTERS, letter_rows, word_rows
from recurra.inputs.input import Moving
from recurra.inputs.strokes.codec import spaced
from recurra.inputs.strokes.config import StrokesConfig
from recurra.inputs.strokes.encoding import StrokesEncoding
from recurra.inputs.strokes.ink import Ink, show
from recurra.inputs.strokes.input import STROKES
from recurra.inputs.strokes.live import LiveStrokes
from recurra.inputs.strokes.summary import StrokesSummary

ORDER = ("strokes", "motion", "table", "series", "text")
ROWS = letter_rows(30)


def label(frame: pl.DataFrame) -> Kept:
    return Kept("label") if "label" in frame.columns else Kept()


def inks(source: Any, keep: Keep = label, **settings: Any) -> Examples:
    return STROKES.read(source, validated(StrokesConfig, settings), keep)


def learnt(contents: Any, **settings: Any) -> StrokesEncoding:
    return StrokesEncoding.learn(contents, validated(StrokesConfig, settings))


def flat(strokes: list[list[list[float]]]) -> list[list[float]]:
    """Points with a pen that is lifted after the last of each stroke."""
    return [[x, y, float(at == len(one) - 1)] for one in strokes for at, (x, y) in enumerate(one)]


def assert_same(found: Ink, expected: Ink) -> None:
    np.testing.assert_allclose(found.points, expected.points, atol=1e-4)
    np.testing.assert_array_equal(found.lifts, expected.lifts)


class TestReading:
    def test_every_form_gives_the_same_ink(self, tmp_path: Path) -> None:
        every, labels = ROWS["strokes"].to_list(), ROWS["label"].to_list()
        points = [flat(one) for one in every]
        ROWS.write_ndjson(tmp_path / "nested.jsonl")
        ROWS.write_parquet(tmp_path / "nested.parquet")
        pl.DataFrame({"ink": points, "label": labels}).write_ndjson(tmp_path / "points.jsonl")
        touching = [
            [own for (x, y, lifted) in one for own in ([x, y, 1.0], *([[0.0, 0.0, 0.0]] * int(lifted)))]
            for one in points
        ]
        pl.DataFrame({"ink": touching, "label": labels}).write_ndjson(tmp_path / "touch.jsonl")
        axes = [[[list(axis) for axis in zip(*stroke, strict=True)] for stroke in one] for one in every]
        pl.DataFrame({"drawing": axes, "label": labels}).write_ndjson(tmp_path / "axes.jsonl")
        lists = [
            {"x": [p[0] for p in one], "y": [p[1] for p in one], "pen": [int(p[2]) for p in one]}
            for one in points
        ]
        frame = pl.DataFrame(lists).with_columns(pl.Series("label", labels))
        frame.write_ndjson(tmp_path / "lists.jsonl")
        frame.with_row_index("id").explode("x", "y", "pen").write_csv(tmp_path / "long.csv")
        numbers = [[at for at, one in enumerate(strokes) for _ in one] for strokes in every]
        numbered = frame.drop("pen").with_columns(pl.Series("stroke", numbers)).with_row_index("id")
        numbered.explode("x", "y", "stroke").write_csv(tmp_path / "numbered.csv")
        arrays = [np.array(one) for one in points]
        moves = np.empty(len(arrays), object)
        moves[:] = [np.diff(one, axis=0, prepend=[[0, 0, 0]]) * [1, 1, 0] + one * [0, 0, 1] for one in arrays]
        np.savez(tmp_path / "moves.npz", train=moves, label=np.array(labels), allow_pickle=True)
        lengths = np.array([len(one) for one in arrays])
        np.savez(
            tmp_path / "joined.npz", strokes=np.concatenate(arrays), lengths=lengths, label=np.array(labels)
        )
        expected = inks(ROWS)
        for path in sorted(tmp_path.iterdir()):
            found = inks(path, pen="touch" if path.stem == "touch" else "lift")
            assert found.columns["label"].to_list() == labels, path
            for own, other in zip(found.contents, expected.contents, strict=True):
                assert_same(own, other)
            assert suited(path, ORDER, label, registry.get).name == "strokes", path

    def test_a_short_drawing_is_read_as_training_found_the_lists(self) -> None:
        """Of a drawing of two points, nothing says whether lists are of points or of axes."""
        found = inks({"drawing": [[[[0, 5, 9, 9, 9], [0, 0, 3, 4, 5]], [[1, 2], [3, 4]]]]})
        assert found.settings["layout"] == "axes"
        np.testing.assert_array_equal(found.contents[0].points[-2:], [[1, 3], [2, 4]])
        again = inks({"drawing": [[[[1, 2], [3, 4]]]]}, **found.settings)
        np.testing.assert_array_equal(again.contents[0].points, [[0, 0], [1, 1]])

    def test_times_and_pressure_are_kept(self) -> None:
        nested = [[[0.0, 0.0, 100.0, 0.5], [1.0, 2.0, 110.0, 0.75]], [[3.0, 3.0, 150.0, 1.0]]]
        columns = {
            "x": [[0, 1, 3]],
            "y": [[0, 2, 3]],
            "pen": [[0, 1, 1]],
            "t": [[100, 110, 150]],
            "p": [[0.5, 0.75, 1.0]],
        }
        for source in ({"strokes": [nested]}, columns):
            ink = inks(source).contents[0]
            assert ink.seconds is not None
            assert ink.pressure is not None
            np.testing.assert_allclose(ink.seconds, [0, 10, 50])
            np.testing.assert_allclose(ink.pressure, [0.5, 0.75, 1.0])
        del columns["t"]
        ink = inks(columns).contents[0]
        assert ink.seconds is None
        np.testing.assert_allclose(ink.pressure, [0.5, 0.75, 1.0])
        encoding = learnt([ink], pressure=True, spacing=0, standardize=False)
        np.testing.assert_allclose(encoding.encode(ink)[:, 4], [0.5, 0.75, 1.0])
        with pytest.raises(DataError, match=r"ink without time; expected time for each point.*timing=no"):
            learnt([ink], timing=True)

    @pytest.mark.parametrize("beside", [(), ("t",), ("p",), ("t", "p")])
    @pytest.mark.parametrize("pen", ["lift", "touch"])
    def test_what_is_beside_points_goes_with_them(self, pen: str, beside: tuple[str, ...]) -> None:
        touches = {"x": [0, 1, 9, 3], "y": [0, 2, 9, 3], "pen": [1, 1, 0, 1]}
        touches |= {"t": [100, 110, 120, 150], "p": [0.5, 0.75, 0, 1]}
        columns = {name: [touches[name]] for name in ("x", "y", "pen", *beside)}
        if pen == "lift":
            columns = {name: [[*own[:2], own[3]]] for name, (own,) in columns.items()} | {"pen": [[0, 1, 1]]}
        ink = inks(columns, pen=pen).contents[0]
        np.testing.assert_array_equal(ink.points, [[0, 0], [1, 2], [3, 3]])
        np.testing.assert_array_equal(ink.lifts, [False, True, True])
        for found, name, values in ((ink.seconds, "t", [0, 10, 50]), (ink.pressure, "p", [0.5, 0.75, 1])):
            assert (found is None) == (name not in beside)
            assert found is None or found.tolist() == values

    def test_axes_that_go_up_are_turned(self) -> None:
        down, up = (inks({"strokes": [[[[0, 0], [1, 2]]]]}, y_axis=one).contents[0] for one in ("down", "up"))
        np.testing.assert_array_equal(up.points * [1, -1], down.points)

    def test_of_several_arrays_train_is_read_and_said(self, tmp_path: Path) -> None:
        arrays = np.empty(2, object)
        arrays[:] = [np.array([[1, 2, 0], [3, 4, 1]], np.int16), np.array([[1, 2, 1]], np.int16)]
        np.savez(tmp_path / "a.npz", test=arrays[:1], train=arrays, allow_pickle=True)
        found = inks(tmp_path / "a.npz")
        assert len(found) == 2
        assert found.repairs == ("other arrays of ink are not read: test (strokes=NAME reads one)",)
        assert len(inks(tmp_path / "a.npz", strokes="test")) == 1
        with pytest.raises(DataError, match="no array of ink 'valid'"):
            inks(tmp_path / "a.npz", strokes="valid")

    def test_what_is_long_is_cut_and_said(self) -> None:
        found = inks(ROWS, max_length=3)
        assert {len(one) for one in found.contents} == {3}
        assert all(one.lifts[-1] for one in found.contents)
        assert found.repairs == ("cut 30 inks of more than 3 points to the first 3",)

    def test_joints_are_no_ink_and_ink_is_no_motion(self) -> None:
        frames = [[[float(joint), float(time)] for joint in range(6)] for time in range(9)]
        motion = pl.DataFrame({"frames": [frames, frames], "label": ["a", "b"]})
        assert suited(motion, ORDER, label, registry.get).name == "motion"
        ragged = pl.DataFrame({"lines": [[[[0.0, 1.0], [2.0, 3.0]], [[1.0, 1.0]]]], "label": ["a"]})
        assert suited(ragged, ORDER, label, registry.get).name == "strokes"
        sensor = pl.DataFrame({"x": [[1.0, 2.0]], "y": [[1.0, 2.0]], "label": ["a"]})
        assert suited(sensor, ORDER, label, registry.get).name == "series"


class TestRefused:
    @pytest.mark.parametrize(
        ("ink", "words"),
        [
            ([], "ink without a point"),
            ([[]], "ink without a point"),
            ([[[1.0, float("nan")]]], "point 1 has no finite place"),
            ([[[1.0, 2.0], [float("inf"), 2.0]]], "point 2 has no finite place"),
            ([[[1.0, None]]], "point 1 has no finite place"),
            ([[[1.0, 2.0], [3.0]]], "lists of different lengths"),
            ([[[1.0, 2.0]], [[1.0, 2.0, 3.0]]], "points of 2 and 3 numbers"),
            ([[[1.0]]], "points of 1 numbers"),
            ([[[0.0, 0.0], [1e39, 0.0]]], "points too far from each other"),
            (None, "a NoneType"),
        ],
    )
    def test_ink_that_is_none(self, ink: Any, words: str) -> None:
        other = [[[0.0, 1.0], [2.0, 3.0]], [[4.0, 5.0]]]
        with pytest.raises(DataError, match=rf"row 2: .*{words}"):
            inks(pl.DataFrame({"strokes": [other, ink]}, strict=False))

    @pytest.mark.parametrize(
        ("points", "words"),
        [
            ([[1.0, 2.0], [3.0, 4.0]], "points of 2 numbers; expected x, y and pen"),
            ([[1.0, 2.0, 0.5]], "a pen of 0.5"),
            ([[1.0, 2.0, float("nan")]], "a pen of nan"),
        ],
    )
    def test_points_without_a_pen(self, points: Any, words: str) -> None:
        with pytest.raises(DataError, match=words):
            inks({"ink": [points]})

    def test_tables_without_ink(self) -> None:
        with pytest.raises(DataError, match=r"holds no ink; expected a column of lists"):
            inks({"x": [1.0], "y": [2.0]})
        with pytest.raises(DataError, match=r"no such column as 'lines'.*strokes="):
            inks(ROWS, strokes="lines")
        with pytest.raises(DataError, match="no column of ids"):
            inks({"x": [1.0, 2.0], "y": [2.0, 2.0], "pen": [0, 1]})
        with pytest.raises(DataError, match=r"row 1: lists of different lengths in x, y, pen"):
            inks({"x": [[1.0, 2.0]], "y": [[2.0]], "pen": [[0, 1]]})
        with pytest.raises(DataError, match="a point without a pen"):
            inks(pl.DataFrame({"x": [[1.0, 2.0]], "y": [[2.0, 2.0]], "pen": [[None, 1]]}))

    def test_damaged_archives(self, tmp_path: Path) -> None:
        place = tmp_path / "a.npz"
        place.write_bytes(b"PK\x03\x04 not a zip")
        with pytest.raises(DataError, match=r"a\.npz cannot be read"):
            inks(place)
        np.savez(place, x=np.arange(3))
        with pytest.raises(DataError, match=r"no array of ink; expected one of objects.*its arrays are x"):
            inks(place)
        np.savez(place, strokes=np.zeros((5, 3)), lengths=np.array([2, 2]))
        with pytest.raises(DataError, match="`lengths` that do not fit 5 points"):
            inks(place)
        arrays = np.empty(1, object)
        arrays[0] = {"a": 1}
        np.savez(place, train=arrays, allow_pickle=True)
        with pytest.raises(DataError, match=r"a\.npz: an array of objects with"):
            inks(place)
        arrays[0] = np.array([[1.0, 2.0, 3.0]])
        np.savez(place, train=arrays, allow_pickle=True)
        with pytest.raises(DataError, match="a pen that is neither 0 nor 1"):
            inks(place)
        (tmp_path / "empty").mkdir()
        with pytest.raises(DataError, match="holds no ink"):
            inks(tmp_path / "empty")


class TestSteps:
    def test_place_and_size_do_not_matter(self) -> None:
        contents = inks(ROWS).contents
        encoding = learnt(contents)
        moved = pl.DataFrame(
            {
                "strokes": [
                    [[[3 * x - 50, 3 * y + 1000] for x, y in one] for one in ROWS["strokes"][4].to_list()]
                ]
            }
        )
        np.testing.assert_allclose(
            encoding.encode(inks(moved).contents[0]), encoding.encode(contents[4]), atol=2e-3
        )
        same = learnt(contents, size="data", spacing=0, standardize=False)
        own, other = (same.encode(one)[:, :2] for one in (contents[4], inks(moved).contents[0]))
        assert np.ptp(other, axis=0).tolist() == pytest.approx((3 * np.ptp(own, axis=0)).tolist(), rel=1e-3)

    def test_moves_lead_from_point_to_point(self) -> None:
        contents = inks(ROWS).contents
        encoding = learnt(contents, standardize=False, spacing=0)
        steps, names = encoding.encode(contents[3]), encoding.codec.names
        assert names == ["x", "y", "moves x", "moves y", "comes down", "is lifted"]
        np.testing.assert_allclose(np.diff(steps[:, :2], axis=0), steps[1:, 2:4], atol=1e-6)
        np.testing.assert_array_equal(steps[:, 5], contents[3].lifts)
        np.testing.assert_array_equal(steps[1:, 4], contents[3].lifts[:-1])
        assert steps[0, 4] == 1
        assert float(np.ptp(steps[:, 1])) == pytest.approx(1)
        assert len(learnt(contents, position="height").features()) == 5
        assert len(learnt(contents, position="none").features()) == 4

    def test_points_lie_at_equal_distances(self) -> None:
        ink = inks({"strokes": [[[[0, 0], [1, 0], [1, 5]], [[2, 2]], [[0, 0], [0, 0]]]]}).contents[0]
        found = spaced(ink, 0.5, 100)
        np.testing.assert_allclose(np.abs(np.diff(found.points[:13], axis=0)).sum(axis=1), 0.5)
        np.testing.assert_array_equal(np.flatnonzero(found.lifts), [12, 13, 14])
        np.testing.assert_array_equal(found.points[[0, 12, 13, 14]], [[0, 0], [1, 5], [2, 2], [0, 0]])
        timed = Ink(ink.points, ink.lifts, np.arange(6, dtype=np.float32), np.ones(6, np.float32))
        seconds = spaced(timed, 0.5, 100).seconds
        assert seconds is not None
        assert seconds.tolist()[:3] == pytest.approx([0, 0.5, 1.0])
        assert len(spaced(ink, 1e-9, 100)) == 100 + 3  # the last of each stroke, too

    def test_ink_far_larger_than_the_others_fills_no_memory(self) -> None:
        rows = {"strokes": [*ROWS["strokes"].to_list(), [[[0.0, 0.0], [1e15, 1e15]]]]}
        contents = inks(rows).contents
        encoding = learnt(contents, size="data", max_length=50)
        assert len(encoding.encode(contents[-1])) == 51
        tiny = inks({"strokes": [[[[0.0, 0.0], [0.0, 1e-30]]]] * 3}).contents
        with pytest.raises(DataError, match=r"1e\+15 wide in data of a height of 1e-30"):
            learnt(tiny, size="data").encode(contents[-1])

    @pytest.mark.parametrize("size", ["ink", "data"])
    def test_dots_and_dashes_are_finite(self, size: str) -> None:
        rows = {
            "strokes": [
                [[[5.0, 5.0]]],
                [[[5.0, 5.0], [5.0, 5.0]]],
                [[[0.0, 0.0], [9.0, 0.0]]],
                [[[0.0, 0.0], [0.0, 1e-30]]],
            ]
        }
        contents = inks(rows).contents
        encoding = learnt(contents, size=size)
        for one in contents:
            assert np.isfinite(encoding.encode(one)).all()
            assert np.isfinite(encoding.moves(one)).all()

    def test_moves_make_the_ink_again(self) -> None:
        contents = inks(ROWS).contents
        encoding = learnt(contents, size="data", spacing=0)
        assert isinstance(encoding, Moving)
        moves = encoding.moves(contents[2])
        np.testing.assert_allclose(
            np.cumsum(moves[:, :2], axis=0) * encoding.unit, contents[2].points, atol=1e-2
        )
        np.testing.assert_array_equal(moves[:-1, 2], contents[2].lifts[:-1])
        assert moves[-1, 2] == 2
        every = np.concatenate([encoding.moves(one)[1:, :2] for one in contents])
        assert float(np.sqrt(np.square(every).mean())) == pytest.approx(1, abs=1e-4)

    def test_variation_keeps_strokes_and_can_be_left_out(self) -> None:
        contents = inks(ROWS).contents
        random = np.random.default_rng(0)
        varied = learnt(contents, noise=0.01).vary(contents[0], random)
        np.testing.assert_array_equal(varied.lifts, contents[0].lifts)
        assert np.abs(varied.points - contents[0].points).max() > 1
        still = {"slant": 0, "rotation": 0, "scaling": 0}
        assert learnt(contents, **still).vary(contents[0], random) is contents[0]
        slanted = learnt(contents, slant=40, rotation=0, scaling=0).vary(contents[0], random)
        np.testing.assert_allclose(slanted.points[:, 1], contents[0].points[:, 1], atol=1e-4)

    def test_it_comes_back_from_its_description(self) -> None:
        contents = inks(ROWS).contents
        encoding = learnt(contents)
        description = json.loads(json.dumps(encoding.to_dict()))
        again = StrokesEncoding.from_dict(description)
        np.testing.assert_array_equal(again.encode(contents[5]), encoding.encode(contents[5]))
        for missing in ("mean", "spacing", "variation"):
            with pytest.raises(DamagedError, match="encoding of ink"):
                StrokesEncoding.from_dict({k: v for k, v in description.items() if k != missing})
        summary = StrokesSummary.learn(contents)
        numbers = StrokesSummary.from_dict(json.loads(json.dumps(summary.to_dict()))).numbers(contents)
        assert numbers.shape == (30, 7 * 6 + 4)
        assert np.isfinite(numbers).all()

    def test_it_is_shown_in_a_line(self) -> None:
        assert show(inks({"strokes": [[[[0, 0], [1, 1]], [[2, 2]]]]}).contents[0]) == "2 strokes of 3 points"


class TestLive:
    @pytest.mark.parametrize("y_axis", ["down", "up"])
    def test_points_one_by_one_are_those_at_once(self, y_axis: str) -> None:
        contents = inks(ROWS, y_axis=y_axis).contents
        encoding = learnt(contents, size="data", spacing=0, y_axis=y_axis)
        live = LiveStrokes.from_dict(json.loads(json.dumps(encoding.to_dict())))
        assert live.columns == ("x", "y", "pen")
        for row in (0, 8):
            expected = encoding.encode(contents[row])
            kept, found = b"", []
            for x, y, pen in flat(ROWS["strokes"][row].to_list()):
                steps, kept = live.follow({"x": x, "y": str(y), "pen": int(pen)}, kept)
                found += steps
            np.testing.assert_allclose(np.stack(found), expected, atol=1e-5)
            whole = live.steps({"strokes": ROWS["strokes"][row].to_list()})
            np.testing.assert_allclose(np.stack(whole), expected, atol=1e-5)
            points = live.steps({"strokes": flat(ROWS["strokes"][row].to_list())})
            np.testing.assert_allclose(np.stack(points), expected, atol=1e-5)

    def test_strokes_of_axes_are_read_as_in_training(self) -> None:
        rows = [[[[5.0, 6, 8, 9, 9], [1.0, 1, 2, 3, 5]], [[], []], [[7.0, 8], [3.0, 9]]]]
        source = {"drawing": rows}
        config = inks(source).settings
        contents = inks(source, **config).contents
        encoding = learnt(contents, size="data", spacing=0, **config)
        live = LiveStrokes.from_dict(encoding.to_dict())
        found = live.steps({"strokes": rows[0]})
        np.testing.assert_allclose(np.stack(found), encoding.encode(contents[0]), atol=1e-5)

    def test_times_go_on(self) -> None:
        rows = {
            "x": [[0.0, 1, 3, 4]],
            "y": [[0.0, 2, 3, 1]],
            "pen": [[0, 1, 0, 1]],
            "time": [[5.0, 7, 8, 12]],
            "p": [[1.0, 2, 3, 4]],
        }
        contents = inks(rows).contents
        encoding = learnt(contents, size="data", spacing=0, timing=True, pressure=True)
        live = LiveStrokes.from_dict(encoding.to_dict())
        kept, found = b"", []
        for at in range(4):
            row = {"x": rows["x"][0][at], "y": rows["y"][0][at], "pen": rows["pen"][0][at]}
            steps, kept = live.follow(
                {**row, "time": rows["time"][0][at], "pressure": rows["p"][0][at]}, kept
            )
            found += steps
        np.testing.assert_allclose(np.stack(found), encoding.encode(contents[0]), atol=1e-5)

    def test_what_cannot_be_live_is_refused(self) -> None:
        contents = inks(ROWS).contents
        for settings in (
            {"size": "ink", "spacing": 0},
            {"size": "data"},
            {"size": "data", "spacing": 0, "pen": "touch"},
        ):
            with pytest.raises(ConfigError, match="Train with size=data spacing=0"):
                LiveStrokes.from_dict(learnt(contents, **settings).to_dict())
        live = LiveStrokes.from_dict(learnt(contents, size="data", spacing=0).to_dict())
        for row, words in (
            ({"x": 1, "y": 2}, "a point without a pen"),
            ({"x": "a", "y": 2, "pen": 0}, "a point that is no numbers"),
            ({"x": None, "y": 2, "pen": 0}, "no finite place"),
            ({"x": [1, 2], "y": 2, "pen": 0}, "lists of different lengths"),
            ({"x": [[1]], "y": [[2]], "pen": [[0]]}, "numbers of shape"),
            ({"x": 10**400, "y": 2, "pen": 0}, "a point that is no numbers"),
            ({"x": [], "y": [], "pen": []}, "ink without a point"),
            ({"strokes": [{"x": [1], "y": [2]}]}, "no ink"),
            ({"strokes": [[[], []]]}, "no ink"),
            ({"strokes": []}, "ink without a point"),
        ):
            with pytest.raises(DataError, match=words):
                live.steps(row)
        empty = live.steps({"strokes": [[], [[1.0, 2.0], [3.0, 4.0]], []]})
        np.testing.assert_array_equal(empty, live.steps({"strokes": [[[1.0, 2.0], [3.0, 4.0]]]}))
        with pytest.raises(ArtifactError, match="ink that is damaged"):
            live.follow({"x": 1, "y": 2, "pen": 0}, b"abc")


class TestSamples:
    def test_letters_and_words_are_always_the_same(self) -> None:
        assert letter_rows(5).equals(letter_rows(5))
        assert set(letter_rows(26)["label"]) == set(LETTERS)
        words = word_rows(20)
        assert words["text"].n_unique() > 10
        assert suited("sample:handwriting", ORDER, keep_nothing, registry.get).name == "strokes"
