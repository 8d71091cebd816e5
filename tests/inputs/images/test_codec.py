from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from recurra.config import validated
from recurra.data.image import Pixels
from recurra.errors import ArtifactError, ConfigError
from recurra.inputs.images.config import ImagesConfig
from recurra.inputs.images.encoding import ImageEncoding
from recurra.inputs.images.input import IMAGES
from recurra.types import Sequences

VIEWS: list[dict[str, Any]] = [
    {"view": "rows", "width": 5},
    {"view": "columns", "height": 5},
    {"view": "columns", "height": 5, "stack": 3},
    {"view": "rows", "width": 5, "stack": 2, "front": "none"},
    {"view": "grid", "height": 6, "width": 9, "patch": 3},
    {"view": "vector", "height": 4, "width": 3},
]
PLAIN = dict.fromkeys(("shift", "rotation", "scaling", "shear", "elastic", "contrast", "noise"), 0)


def noise(*shape: int, seed: int = 0) -> Pixels:
    return Pixels(np.random.default_rng(seed).random(shape, np.float32))


def learnt(images: list[Pixels], **settings: Any) -> ImageEncoding:
    return ImageEncoding.learn(images, validated(ImagesConfig, settings))


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("view", VIEWS)
def test_steps_are_the_image_and_lengths_are_known_before(view: dict[str, Any], channels: int) -> None:
    image = noise(7, 11, channels)
    encoding = learnt([image], **view)
    codec = encoding.codec
    steps = encoding.encode(image)
    assert len(steps) == encoding.length(image) == len(encoding.regions(image))
    fitted = codec.fitted(image)
    pixels = codec.pixels(steps) * np.array(codec.deviation) + np.array(codec.mean)
    height, width = codec.size(image)
    np.testing.assert_allclose(pixels[:height, :width], fitted, atol=1e-5)
    again = ImageEncoding.from_dict(encoding.to_dict())
    np.testing.assert_array_equal(again.encode(image), steps)
    features = encoding.features()
    assert len(features) == (codec.step_size if codec.flat else 0)
    encoder = IMAGES.encoder(encoding, validated(ImagesConfig, {**view, "front_width": 2})).eval()
    found = encoder(torch.from_numpy(steps)[None], torch.tensor([len(steps)]))
    assert found.shape == (1, len(steps), encoder.output_size)


def test_images_of_different_widths_go_through_a_net_together() -> None:
    images = [noise(6, width, 1, seed=width) for width in (4, 9, 13)]
    encoding = learnt(images, view="columns", height=6, stack=2)
    encoder = IMAGES.encoder(encoding, ImagesConfig(front_width=2)).eval()
    encoded = [encoding.encode(one) for one in images]
    assert [len(one) for one in encoded] == [2, 5, 7]
    together = Sequences.from_list(encoded)
    found = encoder(together.values, together.lengths)
    for row, one in enumerate(encoded):
        torch.testing.assert_close(found[row, : len(one)], encoder(torch.from_numpy(one)[None])[0])


def test_scales_are_those_of_the_training_part_or_none() -> None:
    images = [noise(8, 8, 3, seed=seed) for seed in range(9)]
    steps = np.stack([learnt(images).encode(one) for one in images])
    np.testing.assert_allclose(steps.mean(axis=(0, 1, 2, 3)), 0, atol=1e-5)
    np.testing.assert_allclose(steps.std(axis=(0, 1, 2, 3)), 1, atol=1e-5)
    plain = learnt(images, standardize=False).encode(images[0])
    np.testing.assert_allclose(plain[:, 0], images[0].values, atol=1e-6)
    flat = learnt([Pixels(np.full((4, 4, 1), 0.3, np.float32))])
    assert np.isfinite(flat.encode(noise(4, 4, 1))).all()


@pytest.mark.parametrize(
    ("fit", "left", "right"), [("pad", 0.0, 1.0), ("stretch", 0.0, 1.0), ("crop", 0.25, 0.75)]
)
def test_another_shape_comes_to_the_size(fit: str, left: float, right: float) -> None:
    wide = Pixels(np.zeros((4, 8, 1), np.float32))
    wide.values[:, :4] = 1
    encoding = learnt([wide], view="grid", height=8, width=8, patch=4, fit=fit, standardize=False)
    pixels = encoding.codec.fitted(wide)[..., 0]
    assert pixels.shape == (8, 8)
    regions = encoding.regions(wide)
    assert (regions[0].left, regions[3].right) == pytest.approx((left, right))
    if fit == "pad":
        assert (pixels[[0, 1, 6, 7]] == pixels[0, 0]).all()  # the border's colour is above and below
        assert (regions[0].top, regions[3].bottom) == pytest.approx((-0.5, 1.5))
    else:
        assert (pixels[:, :3] == 1).all()
        assert (pixels[:, 5:] == 0).all()


def test_grey_and_colour_become_each_other() -> None:
    colour = Pixels(np.full((3, 3, 3), (1.0, 0.0, 0.0), np.float32))
    grey = learnt([colour], color=False, standardize=False).codec.fitted(colour)
    np.testing.assert_allclose(grey, 0.299, atol=1e-6)
    both = learnt([colour, noise(3, 3, 1)], standardize=False)
    assert both.codec.fitted(noise(3, 3, 1)).shape == (3, 3, 3)


def test_one_pixel_is_an_image() -> None:
    one = Pixels(np.ones((1, 1, 1), np.uint8), 255.0)
    for view in VIEWS:
        encoding = learnt([one, noise(6, 6, 1)], **view)
        varied = encoding.augment(encoding.encode(one), np.random.default_rng(0))
        assert np.isfinite(varied).all()


@pytest.mark.parametrize("view", VIEWS)
def test_training_varies_images_within_bounds_and_repeats_by_its_seed(view: dict[str, Any]) -> None:
    image = noise(9, 9, 1)
    encoding = learnt([image], **view, elastic=0.05, noise=0.1, mirror=0.5, flip=0.5)
    steps = encoding.encode(image)
    first, second = (encoding.augment(steps, np.random.default_rng(3)) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert first.dtype == np.float32
    assert not np.array_equal(first, steps)
    assert first.shape[1:] == steps.shape[1:]
    still = learnt([image], **view, **PLAIN)
    assert still.augment(steps, np.random.default_rng(0)) is steps


def test_variations_do_what_they_are_called() -> None:
    image = np.zeros((21, 21, 1), np.float32)
    image[10, 4] = 1.0

    def moved(along: int | None = None, **settings: Any) -> list[tuple[int, int]]:
        variation = learnt([Pixels(image)], **{**PLAIN, **settings}).variation
        found = [variation.pixels(image, np.random.default_rng(seed), along)[..., 0] for seed in range(40)]
        return [tuple(np.argwhere(one == one.max())[0].tolist()) for one in found]

    rows, columns = np.array(moved(shift=0.2)).T
    assert {*rows} == {*range(6, 15)}
    assert {*columns} == {*range(9)}
    turned = np.array(moved(rotation=180.0)) - 10
    assert np.abs(np.hypot(*turned.T) - 6).max() < 1.5
    assert turned[:, 1].max() > 4
    rows, columns = np.array(moved(shear=0.5)).T
    assert {*rows} == {10}
    assert {*columns} == {4}  # the middle row stays
    assert {*moved(mirror=1.0)} == {(10, 16)}
    assert {*moved(mirror=0.5)} == {(10, 4), (10, 16)}
    image[:] = 0
    image[4, 10] = 1.0
    assert {*moved(flip=1.0)} == {(16, 10)}
    assert len({*np.array(moved(shear=0.5))[:, 1].tolist()}) > 3


def test_what_is_read_becomes_longer_where_it_is_stretched() -> None:
    image = noise(6, 40, 1)
    encoding = learnt([image], view="columns", height=6, scaling=0.3)
    lengths = {len(encoding.augment(encoding.encode(image), np.random.default_rng(one))) for one in range(30)}
    assert min(lengths) < 33
    assert max(lengths) > 47
    grid = learnt([image], view="grid", height=8, width=40, patch=4, scaling=0.3)
    assert grid.augment(grid.encode(image), np.random.default_rng(0)).shape == (20, 4, 4, 1)


def test_outside_of_an_image_is_its_border() -> None:
    image = Pixels(np.full((8, 8, 1), 0.7, np.float32))
    encoding = learnt([image, noise(8, 8, 1)], **{**PLAIN, "shift": 0.4, "rotation": 90.0})
    steps = encoding.encode(image)
    varied = encoding.augment(steps, np.random.default_rng(0))
    np.testing.assert_allclose(varied, np.full_like(varied, steps[0, 0, 0, 0]), atol=1e-5)


def test_settings_that_do_not_go_together() -> None:
    with pytest.raises(ConfigError, match="a grid of 10 x 9 pixels with patch=4"):
        learnt([noise(8, 8, 1)], view="grid", height=10, width=9, patch=4)
    with pytest.raises(ConfigError, match="front=convolution with view=vector"):
        learnt([noise(8, 8, 1)], view="vector", front="convolution")


def test_damaged_descriptions_are_told() -> None:
    description = learnt([noise(4, 4, 1)]).to_dict()
    for name in ("mean", "view", "variation"):
        rest = {key: value for key, value in description.items() if key != name}
        with pytest.raises(ArtifactError, match="an encoding of images"):
            ImageEncoding.from_dict(rest)


def test_long_images_are_cut() -> None:
    codec = replace(learnt([noise(4, 30, 1)], view="columns").codec, max_length=7)
    assert len(codec.encode(noise(4, 30, 1))) == codec.length(noise(4, 30, 1)) == 7
