"""From the file to the network's input and back: the same pixels, and places where they belong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest

from gazesearch.datasets.image_files import find_images
from gazesearch.images import to_frame, to_native

torch = pytest.importorskip("torch", reason="needs the extra `model`")

FRAME = (224, 224)
SIZES = [(224, 224), (500, 477), (420, 512), (640, 300), (2048, 2500), (3000, 700), (200, 1900)]


def squeezed_centroid(image: np.ndarray) -> np.ndarray:
    """Centre of the light, x, y px, in the network's input; the middle of a pixel is at a half."""
    from gazesearch.models.chestsearch.inputs import squeezed

    light = squeezed(image)[..., 0].astype(float)
    assert light.sum() > 0
    along = np.arange(224) + 0.5
    return np.array([(light.sum(0) * along).sum(), (light.sum(1) * along).sum()]) / light.sum()


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("at", [(0.11, 0.2), (0.5, 0.5), (0.83, 0.31), (0.94, 0.95)])
def test_a_bright_dot_is_found_within_half_a_pixel_both_ways(
    size: tuple[int, int], at: tuple[float, float]
) -> None:
    width, height = size
    across, down = (max(1, round(side / 75)) for side in size)  # some three px of the frame
    left, top = int(at[0] * (width - across)), int(at[1] * (height - down))
    image = np.zeros((height, width), np.uint8)
    image[top : top + down, left : left + across] = 255
    native = np.array([left + across / 2, top + down / 2])

    frame = squeezed_centroid(image)
    assert np.abs(to_frame(native, FRAME, size) - frame).max() < 0.5
    assert np.abs(to_native(frame, FRAME, size) - native).max() < 0.5


@pytest.mark.parametrize("number", range(4))
def test_a_png_is_read_as_published_to_the_bit(golden: Any, tmp_path: Path, number: int) -> None:
    from gazesearch.models.chestsearch.inputs import normalised, squeezed

    pixels = golden[f"img{number}/pixels"]
    for name, image in (("grey.png", pixels), ("colour.png", np.stack([pixels] * 3, axis=2))):
        PIL.Image.fromarray(image).save(tmp_path / name)
        read = normalised([squeezed(find_images([tmp_path / name])[name])])
        expected = golden[f"img{number}/input_sample"]
        np.testing.assert_array_equal(read[0, :, ::8, ::8], expected)


@pytest.mark.parametrize("number", range(4))
@pytest.mark.parametrize("ending", ["jpg", "png"])
def test_files_are_read_and_squeezed_as_the_published_calls_do(
    golden: Any, tmp_path: Path, number: int, ending: str
) -> None:
    from gazesearch.models.chestsearch.inputs import squeezed

    grey = golden[f"img{number}/pixels"]
    coloured = np.stack([grey, grey[::-1], 255 - grey], axis=2)
    for name, image in (("grey", grey), ("colour", coloured)):
        file = tmp_path / f"{name}.{ending}"
        PIL.Image.fromarray(image).save(file)
        with PIL.Image.open(file) as opened:  # the calls of section 1, in its order
            rgb = opened.convert("RGB")
            published = np.asarray(rgb.resize((224, 224), PIL.Image.Resampling.BILINEAR))
        np.testing.assert_array_equal(squeezed(find_images([file])[file.name]), published)
