from functools import cache
from typing import Any

import numpy as np
import pytest

from recurra.config import validated
from recurra.errors import ConfigError
from recurra.inputs.examples import keep_nothing
from recurra.inputs.generated_motion import JOINTS, gesture_rows
from recurra.inputs.motion.config import MotionConfig
from recurra.inputs.motion.encoding import MotionEncoding
from recurra.inputs.motion.input import MOTION
from recurra.inputs.motion.mixing import mixed
from recurra.inputs.motion.motion import Motion


@cache
def gestures() -> tuple[Motion, ...]:
    return tuple(MOTION.read(gesture_rows(20), MotionConfig(), keep_nothing).contents)


def learnt(**settings: Any) -> MotionEncoding:
    return MotionEncoding.learn(gestures(), validated(MotionConfig, settings))


SKELETON = learnt().codec.body.skeleton


def bones(motion: Motion) -> np.ndarray:
    found = motion.positions - motion.positions[:, list(SKELETON.parents)]
    found[:, SKELETON.root] = motion.positions[:, SKELETON.root] - motion.positions[0, SKELETON.root]
    return found


def test_limbs_are_chains_from_where_bones_part() -> None:
    limbs = [{JOINTS[joint] for joint in limb} for limb in SKELETON.limbs]
    assert {JOINTS[SKELETON.root]} in limbs
    for side in ("left", "right"):
        assert {f"{side} {part}" for part in ("hip", "knee", "foot")} in limbs
        assert {f"{side} {part}" for part in ("shoulder", "elbow", "hand")} in limbs
    assert sorted(joint for limb in SKELETON.limbs for joint in limb) == list(range(len(JOINTS)))
    places = {joint: place for place, joint in enumerate(SKELETON.outwards)}
    assert all(places[SKELETON.parents[joint]] < places[joint] for joint in SKELETON.others)


def test_each_limb_moves_as_in_one_of_the_two() -> None:
    one, other = gestures()[0], gestures()[1]
    lender = Motion(one.joints, np.resize(other.positions, one.positions.shape))
    taken = set()
    for seed in range(20):
        found = mixed(one, lender, SKELETON, np.random.default_rng(seed))
        ratio = SKELETON.scale(one[0]) / SKELETON.scale(lender[0])
        for number, limb in enumerate(SKELETON.limbs):
            own = np.abs(bones(found) - bones(one))[:, limb].max() < 1e-4
            lent = np.abs(bones(found) - bones(lender) * ratio)[:, limb].max() < 1e-4
            assert own or lent
            taken.add((number, lent and not own))
    assert len(taken) == 2 * len(SKELETON.limbs)


def test_motions_of_any_size_place_and_length_lend() -> None:
    one, other = gestures()[2], gestures()[3]
    far = Motion(other.joints, (other.positions * 7 + [100, 0, -50])[::2].astype(np.float32))
    found = mixed(one, far, SKELETON, np.random.default_rng(1))
    assert found.positions.shape == one.positions.shape
    usual = np.median(np.linalg.norm(bones(one), axis=-1), axis=0)
    np.testing.assert_allclose(np.median(np.linalg.norm(bones(found), axis=-1), axis=0), usual, rtol=0.5)
    np.testing.assert_allclose(found.positions[0, SKELETON.root], one.positions[0, SKELETON.root], atol=1e-5)
    itself = mixed(one, one, SKELETON, np.random.default_rng(2))
    np.testing.assert_allclose(itself.positions, one.positions, atol=1e-5)


def test_what_the_lender_does_not_show_is_not_seen() -> None:
    one, elbow, hand = gestures()[0], JOINTS.index("left elbow"), JOINTS.index("left hand")
    positions = one.positions.copy()
    positions[:, elbow] = np.nan
    positions[3:5, hand] = np.nan
    gappy = Motion(one.joints, positions)
    limb = next(limb for limb in SKELETON.limbs if hand in limb)
    seen = []
    for seed in range(20):
        found = mixed(one, gappy, SKELETON, np.random.default_rng(seed)).positions
        missing = np.isnan(found).any(axis=2)
        lent = bool(missing[0, elbow])
        seen.append(lent)
        np.testing.assert_array_equal(missing[:, elbow], np.full(len(one), lent))
        np.testing.assert_array_equal(np.flatnonzero(missing[:, hand]), [3, 4] if lent else [])
        assert not np.delete(missing, limb, axis=1).any()
        assert np.isfinite(mixed(gappy, one, SKELETON, np.random.default_rng(seed)).positions[:, 0]).all()
    assert 0 < sum(seen) < 20
    nothing = Motion(one.joints, np.full_like(positions, np.nan))
    assert mixed(one, nothing, SKELETON, np.random.default_rng(0)) is one
    assert mixed(nothing, one, SKELETON, np.random.default_rng(0)) is nothing


@pytest.mark.parametrize("axes", [2, 3])
def test_an_encoding_mixes_as_often_as_it_says(axes: int) -> None:
    flat = [Motion(one.joints, one.positions[..., :axes]) for one in gestures()]
    encoding = MotionEncoding.learn(flat, MotionConfig(limbs=0.25))
    assert encoding.mixing == MOTION.revive(encoding.to_dict()).mixing == 0.25  # type: ignore[attr-defined]
    assert encoding.mix(flat[0], flat[1], np.random.default_rng(3)).positions.shape == flat[0].positions.shape
    assert learnt().mixing == 0


@pytest.mark.parametrize(
    ("given", "spans"), [("4,1,1", (1, 4)), (3, (3,)), ("none", ()), (None, ()), ([2, 1], (1, 2))]
)
def test_spans_are_whole_frames(given: Any, spans: tuple[int, ...]) -> None:
    assert validated(MotionConfig, {"spans": given}).spans == spans


@pytest.mark.parametrize("given", ["0", "1,x", [1, -2], 1.5, 1_001, {"a": 1}])
def test_other_spans_are_refused(given: Any) -> None:
    with pytest.raises(ConfigError, match="whole numbers from 1 to 1,000"):
        validated(MotionConfig, {"spans": given})
