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
from recurra.inputs.generated_motion import JOINTS, gesture_rows
from recurra.inputs.motion.body import Carried
from recurra.inputs.motion.config import MotionConfig
from recurra.inputs.motion.encoding import MotionEncoding
from recurra.inputs.motion.input import MOTION
from recurra.inputs.motion.live import LiveMotion
from recurra.inputs.motion.motion import Motion, show
from recurra.inputs.motion.summary import MotionSummary

ORDER = ("table", "motion", "series", "text")
GESTURES = gesture_rows(42)


def label(frame: pl.DataFrame) -> Kept:
    return Kept("label") if "label" in frame.columns else Kept()


def motions(source: Any, keep: Keep = label, **settings: Any) -> Examples:
    return MOTION.read(source, validated(MotionConfig, settings), keep)


def learnt(contents: Any, **settings: Any) -> MotionEncoding:
    return MotionEncoding.learn(contents, validated(MotionConfig, settings))


def as_columns(frames: list[list[list[float]]]) -> dict[str, list[float]]:
    return {
        f"{name.replace(' ', '_')}_{axis}": [frame[joint][place] for frame in frames]
        for joint, name in enumerate(JOINTS)
        for place, axis in enumerate("xyz")
    }


class TestReading:
    def test_every_form_gives_the_same_motions(self, tmp_path: Path) -> None:
        frames, labels = GESTURES["frames"].to_list(), GESTURES["label"].to_list()
        GESTURES.write_ndjson(tmp_path / "nested.jsonl")
        GESTURES.write_parquet(tmp_path / "nested.parquet")
        arrays = [np.array(one, np.float32) for one in frames]
        lengths = np.array([len(one) for one in arrays])
        np.savez(
            tmp_path / "joined.npz", frames=np.concatenate(arrays), lengths=lengths, label=np.array(labels)
        )
        padded = np.zeros((len(arrays), lengths.max(), *arrays[0].shape[1:]), np.float32)
        for row, one in zip(padded, arrays, strict=True):
            row[: len(one)] = one
        np.savez(tmp_path / "padded.npz", frames=padded, lengths=lengths, label=np.array(labels))
        lists = pl.DataFrame(
            [{**as_columns(one), "label": name} for one, name in zip(frames, labels, strict=True)]
        )
        lists.write_ndjson(tmp_path / "lists.jsonl")
        long = lists.with_row_index("id").explode(as_columns(frames[0]).keys())
        long.write_csv(tmp_path / "long.csv")
        expected = motions(GESTURES)
        for path in sorted(tmp_path.iterdir()):
            found = motions(path)
            assert found.columns["label"].to_list() == labels, path
            for own, other in zip(found.contents, expected.contents, strict=True):
                order = (
                    [own.joints.index(name.replace(" ", "_")) for name in JOINTS]
                    if own.named
                    else slice(None)
                )
                np.testing.assert_array_equal(own.positions[:, order], other.positions, str(path))
            assert suited(path, ORDER, label, registry.get).name == "motion"
        assert motions(tmp_path / "long.csv").contents[0].joints[3] == "left_shoulder"
        assert motions(tmp_path / "joined.npz").contents[0].joints[3] == "joint 3"
        named = motions(tmp_path / "long.csv").contents
        encoding = learnt(named)
        other = Motion(named[0].joints[::-1], named[0].positions[:, ::-1])
        np.testing.assert_array_equal(encoding.encode(other), encoding.encode(named[0]))
        with pytest.raises(DataError, match="a motion without 'head'"):
            encoding.encode(
                Motion(("x", "y", *named[0].joints[:2], *named[0].joints[3:-1]), named[0].positions)
            )
        live = LiveMotion.from_dict(json.loads(json.dumps(encoding.to_dict())))
        assert live.columns[:2] == ("pelvis_x", "pelvis_y")
        kept, found_live = b"", []
        for row in long.filter(pl.col("id") == 0).drop("id", "label").iter_rows(named=True):
            steps, kept = live.follow({name: str(value) for name, value in row.items()}, kept)
            found_live += steps
        np.testing.assert_array_equal(np.stack(found_live), encoding.encode(named[0]))
        with pytest.raises(DataError, match="a row without pelvis_y"):
            live.follow({"pelvis_x": 1}, b"")

    def test_a_folder_has_a_motion_a_file(self, tmp_path: Path) -> None:
        for row, (frames, name) in enumerate(GESTURES.head(4).iter_rows()):
            (tmp_path / name).mkdir(exist_ok=True)
            np.save(tmp_path / name / f"{row}.npy", np.array(frames, np.float32))
        found = motions(tmp_path)
        assert found.columns["label"].to_list() == sorted(GESTURES["label"].head(4).to_list())
        assert found.columns["file"][0].endswith(".npy")
        assert suited(tmp_path, ORDER, label, registry.get).name == "motion"
        flat = tmp_path / "flat"
        flat.mkdir()
        pl.DataFrame(as_columns(GESTURES["frames"][0].to_list())).write_csv(flat / "wave_1.csv")
        assert motions(flat).columns["label"].to_list() == ["wave"]

    @pytest.mark.parametrize(
        ("stems", "axes", "single"),
        [
            (("body_acc", "body_gyro", "total_acc"), ("_x", "_y", "_z"), False),
            (("max", "min", "mean", "std", "sum"), ("_x", "_y"), True),
            (("matri", "ta", "bo", "fa", "se", "mi"), ("x", "y"), False),
        ],
    )
    def test_sensors_and_features_are_no_bodies(
        self, stems: tuple[str, ...], axes: tuple[str, ...], single: bool
    ) -> None:
        own: Any = 1.0 if single else [1.0, 2.0]
        rows = [{f"{stem}{axis}": own for stem in stems for axis in axes} | {"label": "u"}] * 2
        assert suited(pl.DataFrame(rows), ORDER, label, registry.get).name != "motion"

    def test_frames_go_by_their_times_and_motions_by_their_ids(self) -> None:
        columns = as_columns(GESTURES["frames"][0].to_list())
        long = pl.DataFrame(columns).with_row_index("time").with_columns(pl.lit("a").alias("id"))
        long = pl.concat([long, long.with_columns(pl.lit("b").alias("id"))])
        shuffled = long.sample(fraction=1.0, shuffle=True, seed=0)
        expected = motions(pl.DataFrame(columns)).contents[0].positions
        for content in motions(shuffled).contents:
            np.testing.assert_array_equal(content.positions, expected)
        with pytest.raises(DataError, match="of one motion in which 'id' vary"):
            motions(long, unique_id="none")
        with pytest.raises(DataError, match=r"no such column as 'clip'.*unique_id="):
            motions(long, unique_id="clip")
        with pytest.raises(DataError, match="head_x holds no lists, pelvis_x does"):
            motions(pl.DataFrame([{**as_columns(GESTURES["frames"][0].to_list()), "head_x": 1.0}]))
        with pytest.raises(DataError, match=r"both axis x of 'head'"):
            motions(pl.DataFrame([{**columns, "head.x": columns["head_x"]}]))

    @pytest.mark.parametrize(
        ("arrays", "words"),
        [
            ({"frames": np.zeros((5, 3)), "label": np.zeros(1)}, "no array of frames"),
            ({"frames": np.zeros((5, 3, 3)), "lengths": np.array([2, 2])}, "2 lengths, of 4 frames"),
            (
                {"frames": np.zeros((5, 3, 3)), "lengths": np.array([5, 0])},
                "an array 'lengths' that holds no lengths",
            ),
            ({"frames": np.zeros((2, 3, 4, 3)), "lengths": np.array([3, 4])}, "2 lengths, of 4 frames"),
            ({"frames": np.array([[1], [2, 3]], dtype=object)}, "arrays of objects are not read"),
            ({"frames": np.full((1, 5, 3, 3), np.inf)}, "an infinite number"),
            ({"images": np.zeros((4, 28, 28, 3), np.uint8)}, "no array of frames"),
            ({"x": np.zeros((9, 10, 3))}, "no array of frames"),
            ({"frames": np.zeros((0, 5, 3, 3))}, "no array of frames"),
        ],
    )
    def test_arrays_that_are_no_motions_are_refused(self, arrays: Any, words: str, tmp_path: Path) -> None:
        np.savez(tmp_path / "a.npz", **arrays)
        with pytest.raises(DataError, match=words):
            motions(tmp_path / "a.npz")

    def test_broken_and_wrong_files_are_refused(self, tmp_path: Path) -> None:
        (tmp_path / "a.npz").write_bytes(b"PK\x03\x04 not a zip")
        with pytest.raises(DataError, match=r"a\.npz cannot be read"):
            motions(tmp_path / "a.npz")
        np.savez_compressed(tmp_path / "c.npz", frames=np.random.default_rng(0).normal(size=(2, 9, 5, 3)))
        content = bytearray((tmp_path / "c.npz").read_bytes())
        content[200:260] = bytes(60)
        (tmp_path / "c.npz").write_bytes(content)
        with pytest.raises(DataError, match=r"c\.npz cannot be read"):
            motions(tmp_path / "c.npz")
        np.savez(tmp_path / "e.npz", frames=np.zeros((200, 9, 5, 3)))
        content = (tmp_path / "e.npz").read_bytes().replace(b"(200, 9, 5, 3)", b"(200, 9, 5, 3 ")
        (tmp_path / "e.npz").write_bytes(content)
        with pytest.raises(DataError, match=r"e\.npz cannot be read"):
            motions(tmp_path / "e.npz")
        complex_labels = {"frames": np.arange(90.0).reshape(2, 5, 3, 3), "label": np.array([1j, 2j])}
        np.savez(tmp_path / "d.npz", **complex_labels)
        assert "label" not in motions(tmp_path / "d.npz").columns.columns
        with pytest.raises(DataError, match="no frames of joints"):
            LiveMotion.from_dict(learnt(motions(GESTURES).contents).to_dict()).steps(
                {"frames": [[[10**400, 0]]]}
            )
        np.save(tmp_path / "b.npy", np.zeros((4, 5, 3)))
        (tmp_path / "b.npy").rename(tmp_path / "b.npz")
        with pytest.raises(DataError, match=r"b\.npz has no array of frames"):
            motions(tmp_path / "b.npz")
        (tmp_path / "empty").mkdir()
        with pytest.raises(DataError, match="holds no motions"):
            motions(tmp_path / "empty")
        with pytest.raises(DataError, match="holds no motions"):
            motions(pl.DataFrame({"x": [1.0], "label": ["a"]}))
        ragged = [{"frames": [[[1, 2], [3, 4]], [[1, 2]]], "label": "a"}]
        with pytest.raises(DataError, match="row 1: no frames of joints"):
            motions(pl.DataFrame(ragged))
        other = pl.DataFrame({"frames": [[[[1.0, 2.0]] * 3], [[[1.0, 2.0]] * 4]], "label": ["a", "b"]})
        with pytest.raises(DataError, match="row 2: 4 joints in 2 dimensions; expected 3"):
            motions(other)

    def test_what_is_long_is_cut_and_said(self) -> None:
        found = motions(GESTURES, max_length=5)
        assert {len(one) for one in found.contents} == {5}
        assert found.repairs == ("cut 42 motions of more than 5 frames to the first 5",)


class TestBody:
    def test_the_body_is_learnt_from_how_it_moves(self) -> None:
        skeleton = learnt(motions(GESTURES).contents).codec.body.skeleton
        bones = {JOINTS[joint]: JOINTS[parent] for joint, parent in enumerate(skeleton.parents)}
        assert JOINTS[skeleton.root] == "pelvis"
        for side in ("left", "right"):
            assert bones[f"{side} hand"] == f"{side} elbow"
            assert bones[f"{side} elbow"] == f"{side} shoulder"
            assert bones[f"{side} foot"] == f"{side} knee"
            assert bones[f"{side} knee"] == f"{side} hip"
        sides = {"left": "right", "right": "left"}
        for joint, name in enumerate(JOINTS):
            side, _, rest = name.partition(" ")
            assert JOINTS[skeleton.opposites[joint]] == (f"{sides[side]} {rest}" if side in sides else name)
        assert (skeleton.upright, skeleton.across) == (1, 0)

    def test_names_say_what_is_left(self) -> None:
        contents = [
            Motion(("LeftHand", "RightHand", "l_foot"), one.positions[:, :3])
            for one in motions(GESTURES).contents
        ]
        assert learnt(contents).codec.body.skeleton.opposites == (1, 0, 2)
        assert learnt(contents, root="LeftHand").codec.body.skeleton.root == 0
        for root in (3, -1, "RightHnad"):
            with pytest.raises(ConfigError, match="root is"):
                learnt(contents, root=root)

    def test_place_size_and_facing_do_not_matter(self) -> None:
        contents = motions(GESTURES).contents
        encoding = learnt(contents, turn=True)
        one = contents[3].positions.astype(np.float64)
        expected = encoding.encode(contents[3])
        angle = np.radians(70)
        turned = one.copy()
        turned[..., 0] = np.cos(angle) * one[..., 0] - np.sin(angle) * one[..., 2]
        turned[..., 2] = np.sin(angle) * one[..., 0] + np.cos(angle) * one[..., 2]
        for other in (one * 3, one + np.array([5, 2, -7]), turned * 0.4 + 1):
            found = encoding.encode(Motion(contents[3].joints, other.astype(np.float32)))
            np.testing.assert_allclose(found, expected, atol=2e-3)
        plain = learnt(contents)
        moved = plain.encode(Motion(contents[3].joints, turned.astype(np.float32)))
        assert np.abs(moved - plain.encode(contents[3])).max() > 0.5

    def test_velocities_are_differences_and_bones_lead_to_the_parents(self) -> None:
        contents = motions(GESTURES).contents
        encoding = learnt(contents, bones=True, standardize=False)
        codec, steps = encoding.codec, encoding.encode(contents[0])
        column = {name: steps[:, place] for place, name in enumerate(codec.names)}
        hand, elbow = JOINTS.index("left hand"), JOINTS.index("left elbow")
        x = column[f"joint {hand} x"]
        np.testing.assert_allclose(column[f"joint {hand} moves x"], np.diff(x, prepend=x[:1]), atol=1e-6)
        before = np.concatenate([np.repeat(x[:1], 4), x[:-4]])
        np.testing.assert_allclose(column[f"joint {hand} moves x over 4"], x - before, atol=1e-6)
        root = codec.body.skeleton.root
        went = (
            contents[0].positions[:, root, 0] - contents[0].positions[0, root, 0]
        ) / codec.body.skeleton.scale(contents[0][0])
        before = np.concatenate([np.repeat(went[:1], 2), went[:-2]])
        np.testing.assert_allclose(column[f"joint {root} moves x over 2"], went - before, atol=1e-6)
        np.testing.assert_allclose(
            column[f"bone to joint {hand} x"], x - column[f"joint {elbow} x"], atol=1e-6
        )
        assert len(encoding.features()) == steps.shape[1]

    @pytest.mark.parametrize("scaled_by", ["kind", "number"])
    def test_numbers_are_scaled_each_or_by_their_kind(self, scaled_by: str) -> None:
        contents = motions(GESTURES).contents
        settings = {"bones": True, "spans": (1, 4)}
        plain = learnt(contents, standardize=False, **settings)
        found = learnt(contents, scaled_by=scaled_by, **settings)
        steps = np.concatenate([found.encode(one) for one in contents])
        raw = np.concatenate([plain.encode(one) for one in contents])
        np.testing.assert_allclose(steps.mean(axis=0), 0, atol=1e-4)
        kinds = np.split(steps, np.cumsum(found.codec._kinds), axis=1)
        assert [one.shape[1] for one in kinds] == [42, 45, 45, 42, 0]
        for one, own in zip(kinds[:-1], np.split(raw, np.cumsum(found.codec._kinds), axis=1), strict=False):
            assert np.sqrt(one.var(axis=0).mean()) == pytest.approx(1, abs=0.01)
            alike = np.ptp(own.std(axis=0) / np.maximum(one.std(axis=0), 1e-9)) < 1e-3
            assert alike == (scaled_by == "kind")

    def test_a_joint_that_is_not_seen_stays_where_it_was(self) -> None:
        contents = motions(GESTURES).contents
        positions = contents[0].positions.copy()
        positions[4:7, 5] = np.nan
        positions[:2, 8] = np.nan
        encoding = learnt([Motion(contents[0].joints, positions), *contents[1:]], standardize=False)
        steps = encoding.encode(Motion(contents[0].joints, positions))
        held = positions.copy()
        held[4:7, 5] = positions[3, 5]
        whole = encoding.encode(Motion(contents[0].joints, held))
        names = encoding.codec.names
        assert names[-2:] == ["joint 5 not seen", "joint 8 not seen"]
        own = [place for place, name in enumerate(names) if name.startswith("joint 5 ")][:-1]
        np.testing.assert_array_equal(steps[:, own], whole[:, own])
        np.testing.assert_array_equal(np.flatnonzero(steps[:, -2]), [4, 5, 6])
        np.testing.assert_array_equal(np.flatnonzero(steps[:, -1]), [0, 1])
        assert np.isfinite(steps).all()
        unseen = Motion(contents[0].joints, np.full_like(positions, np.nan))
        assert np.isfinite(encoding.encode(unseen)).all()
        with pytest.raises(DataError, match="no frame shows every joint"):
            learnt([unseen])

    def test_a_frame_with_all_joints_at_one_place_shows_none(self) -> None:
        contents = motions(GESTURES).contents
        frames = contents[0].positions.tolist()
        lost = [*frames[:5], [[0.0, 0.0, 0.0]] * len(JOINTS), *frames[5:]]
        found = motions(pl.DataFrame({"frames": [lost], "label": ["u"]})).contents[0]
        assert np.isnan(found.positions[5]).all()
        steps = learnt(contents, standardize=False).encode(found)
        np.testing.assert_array_equal(steps[5, : 3 * 14], steps[4, : 3 * 14])

    def test_a_body_that_comes_late_stands_still_before(self) -> None:
        contents = motions(GESTURES).contents
        positions = contents[0].positions
        nothing = np.full_like(positions[:3], np.nan)
        late = Motion(contents[0].joints, np.concatenate([nothing, positions * 2 + 50]))
        for turn in (False, True):
            encoding = learnt([*contents, late], turn=turn)
            steps, plain = encoding.encode(late), encoding.encode(contents[0])
            gaps = len(JOINTS)
            np.testing.assert_allclose(steps[3:, :-gaps], plain[:, :-gaps], atol=2e-3)
            assert (steps[:3, -gaps:] == 1).all()
            assert np.abs(steps).max() < 20
        tiny = Motion(contents[0].joints, np.concatenate([positions[:1] * 1e-5, positions]))
        assert np.abs(learnt(contents).encode(tiny)).max() < 1_000

    def test_bodies_that_face_anywhere_are_learnt_alike(self) -> None:
        random, contents = np.random.default_rng(0), motions(GESTURES).contents
        turned = []
        for one in contents:
            angle, other = random.uniform(0, 2 * np.pi), one.positions.copy()
            x, z = one.positions[..., 0], one.positions[..., 2]
            other[..., 0], other[..., 2] = (
                np.cos(angle) * x - np.sin(angle) * z,
                np.sin(angle) * x + np.cos(angle) * z,
            )
            turned.append(Motion(one.joints, other))
        encoding = learnt(turned, turn=True)
        skeleton = encoding.codec.body.skeleton
        assert skeleton.opposites == learnt(contents).codec.body.skeleton.opposites
        assert skeleton.upright == 1
        shoulders = [JOINTS.index(f"{side} shoulder") for side in ("left", "right")]
        seen = [encoding.codec.body.see(one.positions, None)[0].positions[0] for one in turned]
        lines = [(one[shoulders[0]] - one[shoulders[1]])[[0, 2]] for one in seen]
        directions = [complex(*one) / abs(complex(*one)) for one in lines]
        assert abs(np.mean(directions)) > 0.98

    def test_flat_bodies_do(self) -> None:
        flat = [Motion(one.joints, one.positions[..., :2]) for one in motions(GESTURES).contents]
        encoding = learnt(flat, turn=True)
        assert encoding.encode(flat[0]).shape == (len(flat[0]), 2 * (14 + 3 * 15))


class TestStream:
    @pytest.mark.parametrize("settings", [{}, {"turn": True, "bones": True, "spans": ()}, {"spans": (3, 7)}])
    def test_frames_one_by_one_have_the_bits_of_the_whole(self, settings: dict[str, Any]) -> None:
        contents = list(motions(GESTURES).contents)
        positions = contents[0].positions.copy()
        positions[3:6, 2] = positions[0, 4] = np.nan
        contents[0] = Motion(contents[0].joints, positions)
        encoding = learnt(contents, **settings)
        live = registry.live("motion").from_dict(json.loads(json.dumps(encoding.to_dict())))
        for content in contents[:3]:
            frames = [
                [[None if np.isnan(x) else float(x) for x in joint] for joint in one] for one in content
            ]
            expected = encoding.encode(content)
            for pieces in ([[one] for one in frames], [frames[:4], frames[4:5], frames[5:]], [frames]):
                kept, found = b"", []
                for piece in pieces:
                    steps, kept = live.follow({"frames": piece if len(piece) > 1 else piece[0]}, kept)
                    found += steps
                np.testing.assert_array_equal(np.stack(found), expected)

    def test_a_stream_has_no_longest_motion(self) -> None:
        contents = motions(GESTURES).contents
        encoding = learnt(contents, max_length=8)
        live = LiveMotion.from_dict(encoding.to_dict())
        kept, count = b"", 0
        for frame in contents[0]:
            steps, kept = live.follow({"frames": frame.tolist()}, kept)
            count += len(steps)
        assert (count, len(encoding.encode(contents[0]))) == (len(contents[0]), 8)
        assert len(live.follow({"frames": contents[0].positions.tolist()}, b"")[0]) == len(contents[0])

    def test_bad_rows_and_states_are_refused(self) -> None:
        live = LiveMotion.from_dict(learnt(motions(GESTURES).contents).to_dict())
        frame = motions(GESTURES).contents[0][0].tolist()
        for bad in (
            {},
            {"frames": None},
            {"frames": "x"},
            {"frames": [1, 2]},
            {"frames": []},
            {"frames": frame[:3]},
        ):
            with pytest.raises(DataError):
                live.follow(bad, b"")
        with pytest.raises(ArtifactError, match="damaged"):
            live.follow({"frames": frame}, b"nonsense")
        other = Carried(np.ones(3, np.float32), *np.zeros((2, 4, 3), np.float32))
        with pytest.raises(ArtifactError, match="another body"):
            live.follow({"frames": frame}, other.to_bytes())
        with pytest.raises(DamagedError, match="lacks a part"):
            LiveMotion.from_dict({"turn": True})


class TestVariation:
    def test_each_setting_changes_what_it_says(self) -> None:
        contents = motions(GESTURES).contents
        still = {"rotation": 0, "scaling": 0, "stretch": 0}
        one = contents[0]
        assert learnt(contents, **still).vary(one, np.random.default_rng(0)) is one
        random = np.random.default_rng(0)
        stretched = learnt(contents, **{**still, "stretch": 0.3}).vary(one, random)
        assert len(stretched) != len(one)
        np.testing.assert_allclose(stretched.positions[[0, -1]], one.positions[[0, -1]], atol=1e-6)
        turned = learnt(contents, **{**still, "rotation": 90}).vary(one, random).positions
        np.testing.assert_allclose(turned[..., 1], one.positions[..., 1], atol=1e-6)
        np.testing.assert_allclose(
            np.linalg.norm(turned[:, 1] - turned[:, 2], axis=-1),
            np.linalg.norm(one.positions[:, 1] - one.positions[:, 2], axis=-1), atol=1e-5,
        )  # fmt: skip
        mirrored = learnt(contents, **{**still, "mirror": 1}).vary(one, random).positions
        left, right = JOINTS.index("left hand"), JOINTS.index("right hand")
        np.testing.assert_allclose(mirrored[:, left], one.positions[:, right] * [-1, 1, 1], atol=1e-6)
        noisy = learnt(contents, **{**still, "noise": 0.01}).vary(one, random).positions
        assert 0 < np.abs(noisy - one.positions).max() < 0.2
        swaying = learnt(contents, **{**still, "sway": 0.01}).vary(one, random).positions - one.positions
        assert 0 < np.abs(swaying).max() < 0.3
        assert np.abs(np.diff(swaying, axis=0)).max() < np.abs(np.diff(noisy - one.positions, axis=0)).max()


def test_it_comes_back_from_json_and_sums_up() -> None:
    contents = motions(GESTURES).contents
    encoding = learnt(contents)
    again = MOTION.revive(json.loads(json.dumps(encoding.to_dict())))
    np.testing.assert_array_equal(again.encode(contents[1]), encoding.encode(contents[1]))
    summary = MotionSummary.learn(contents)
    other = MotionSummary.from_dict(json.loads(json.dumps(summary.to_dict())))
    np.testing.assert_array_equal(other.numbers(contents), summary.numbers(contents))
    assert np.isfinite(summary.numbers(contents)).all()
    assert len(summary.numbers([])) == 0
    assert show(contents[0]) == f"{len(contents[0])} frames of 15 joints in 3 dimensions"
    (picture,) = MOTION.exhibit(contents[0], encoding, "Row 1")
    assert picture.kind == "picture"
    assert picture.note.startswith("The body in some of its")
    assert motions(GESTURES, keep_nothing).contents[0].positions.shape[1:] == (15, 3)


@pytest.mark.parametrize("kind", ["csv", "json", "jsonl", "npy", "npz"])
def test_a_folder_of_motions_is_found_whatever_its_files_are(tmp_path: Path, kind: str) -> None:
    frames = np.random.default_rng(0).normal(size=(4, 6, 2))
    for number in range(2):
        place = tmp_path / f"wave_{number}.{kind}"
        if kind == "csv":
            names = [f"j{joint}_{axis}" for joint in range(6) for axis in "xy"]
            pl.DataFrame(frames.reshape(4, 12), schema=names).write_csv(place)
        elif kind in ("json", "jsonl"):
            row = json.dumps({"frames": frames.tolist()})
            place.write_text(f"[{row}]" if kind == "json" else f"{row}\n")
        elif kind == "npy":
            np.save(place, frames)
        else:
            np.savez_compressed(place, frames=frames[None])
    assert MOTION.suits(tmp_path, label)
    assert [len(one) for one in motions(tmp_path).contents] == [4, 4]


@pytest.mark.parametrize("kind", ["csv", "json", "npy"])
def test_a_folder_of_anything_else_is_not_taken_for_motions(tmp_path: Path, kind: str) -> None:
    if kind == "npy":
        np.save(tmp_path / "a.npy", np.zeros((4, 7, 5)))
    else:
        pl.DataFrame({"text": ["so it is", "and was"]}).write_csv(tmp_path / "a.csv")
        (tmp_path / "a.json").write_text('[{"x": [1, 2]}]')
    assert not MOTION.suits(tmp_path, label)
