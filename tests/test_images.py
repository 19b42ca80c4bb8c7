"""Images: what is read, what is refused, and the way between two frames."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from gazesearch.errors import BadSetting, DataError, GazeSearchError, UnknownName, UnreadableFile
from gazesearch.images import ImageFolder, read_image, to_frame, to_native
from gazesearch.prediction import image_of

RNG = np.random.default_rng(0)
GREY = RNG.integers(0, 256, (7, 5), dtype=np.uint8)
COLOURS = RNG.integers(0, 256, (7, 5, 3), dtype=np.uint8)


def written(folder: Path, image: PIL.Image.Image, name: str = "a.png") -> Path:
    image.save(folder / name)
    return folder / name


def planes(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.repeat(grey[:, :, None], 3, axis=2)


# -- what is read


def test_grey_has_three_equal_planes(tmp_path: Path) -> None:
    read = read_image(written(tmp_path, PIL.Image.fromarray(GREY)))
    assert read.native_size == (5, 7)
    assert read.pixels.dtype == np.uint8
    assert (read.pixels == planes(GREY)).all()
    assert not read.pixels.flags.writeable


def test_grey_of_16_bits_is_scaled_not_clipped(tmp_path: Path) -> None:
    deep = np.array([[0, 255, 256, 4095], [32768, 65000, 65278, 65535]], dtype=np.uint16)
    read = read_image(written(tmp_path, PIL.Image.fromarray(deep)))
    assert read.pixels[..., 0].tolist() == np.rint(deep / 257).astype(int).tolist()


@pytest.mark.parametrize("mode", ["1", "L", "RGB", "P"])
def test_modes_keep_their_colours(tmp_path: Path, mode: str) -> None:
    image = PIL.Image.fromarray(COLOURS).convert(mode)
    expected = np.asarray(image.convert("RGB"))
    assert (read_image(written(tmp_path, image)).pixels == expected).all()


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_what_is_transparent_lies_on_black(tmp_path: Path, mode: str) -> None:
    image = PIL.Image.new(mode, (2, 1), "white")
    alpha = PIL.Image.fromarray(np.array([[255, 0]], dtype=np.uint8))
    image.putalpha(alpha)
    assert read_image(written(tmp_path, image)).pixels[0].tolist() == [[255] * 3, [0] * 3]


def test_a_transparent_palette_colour_lies_on_black(tmp_path: Path) -> None:
    image = PIL.Image.new("P", (2, 1))
    image.putpalette([255, 255, 255, 9, 200, 30])
    image.putpixel((1, 0), 1)
    image.save(tmp_path / "a.png", transparency=0)
    assert read_image(tmp_path / "a.png").pixels[0].tolist() == [[0, 0, 0], [9, 200, 30]]


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_jpeg_is_read(tmp_path: Path, mode: str) -> None:
    file = written(tmp_path, PIL.Image.new("RGB", (30, 20), (200, 200, 200)).convert(mode), "a.jpg")
    read = read_image(file)
    assert read.native_size == (30, 20)
    assert np.abs(read.pixels.astype(int) - 200).max() <= 2


def test_the_content_counts_not_the_ending(tmp_path: Path) -> None:
    file = written(tmp_path, PIL.Image.fromarray(GREY))
    assert read_image(file.rename(tmp_path / "a.jpg")).native_size == (5, 7)


def test_a_resized_image_remembers_its_native_size(tmp_path: Path) -> None:
    read = read_image(written(tmp_path, PIL.Image.fromarray(GREY)), size=(224, 220))
    assert read.pixels.shape == (220, 224, 3)
    assert read.native_size == (5, 7)
    with pytest.raises(BadSetting, match="at least 1 px"):
        read_image(tmp_path / "a.png", size=(0, 5))


def test_the_radiographs_are_read(shared_data: Path) -> None:
    folder = ImageFolder(shared_data / "cxr")
    for name in folder:
        assert folder.read(name).native_size == (512, 512)
        assert folder[name].shape == (512, 512, 3)
        assert folder[name].std() > 20


# -- what is refused


@pytest.mark.parametrize("content", [b"", b"\x89PNG\r\n\x1a\n", b"GIF89a" + bytes(40), b"{}"])
def test_what_is_no_image_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.png").write_bytes(content)
    with pytest.raises(DataError) as caught:
        read_image(tmp_path / "a.png")
    assert str(caught.value).startswith(f"{tmp_path / 'a.png'}: is ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("form", ["PNG", "JPEG"])
def test_a_file_cut_off_anywhere_is_refused_or_whole(tmp_path: Path, form: str) -> None:
    stream = io.BytesIO()
    PIL.Image.fromarray(RNG.integers(0, 256, (40, 40, 3), dtype=np.uint8)).save(stream, form)
    content = stream.getvalue()
    file = tmp_path / "a"
    file.write_bytes(content)
    whole = read_image(file).pixels
    refused = 0
    for kept in range(0, len(content), 97):
        file.write_bytes(content[:kept])
        try:
            read = read_image(file).pixels
        except DataError:
            refused += 1
        else:
            assert (read == whole).all()
    assert refused >= len(range(0, len(content), 97)) - 1


def test_an_image_of_too_many_pixels_is_refused_before_it_is_decoded(tmp_path: Path) -> None:
    def chunk(kind: bytes, data: bytes) -> bytes:
        checked = kind + data
        return struct.pack(">I", len(data)) + checked + struct.pack(">I", zlib.crc32(checked))

    for name, side in (("warned.png", 12_000), ("bomb.png", 60_000)):
        header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
        content = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header)
        content += chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
        (tmp_path / name).write_bytes(content)
        with pytest.raises(DataError, match=r"has over 89,478,485 pixels"):
            read_image(tmp_path / name)


def test_a_palette_image_without_its_palette_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "a.png"
    PIL.Image.new("P", (9, 9)).save(file)
    content = file.read_bytes()
    at = content.index(b"PLTE")
    (length,) = struct.unpack(">I", content[at - 4 : at])
    file.write_bytes(content[: at - 4] + content[at + 8 + length :])
    with pytest.raises(DataError, match="is cut off or broken"):
        read_image(file)


def test_a_faulty_exif_block_is_no_fault_of_the_image(tmp_path: Path) -> None:
    image = PIL.Image.new("L", (3, 2), 9)
    image.save(tmp_path / "a.jpg", exif=b"Exif\0\0II*\0\xff\xff\0\0")
    assert read_image(tmp_path / "a.jpg").native_size == (3, 2)


def test_an_absent_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="no such file"):
        read_image(tmp_path / "a.png")
    with pytest.raises(UnreadableFile, match="is not a file"):
        read_image(tmp_path)


# -- a folder


@pytest.fixture
def folder(tmp_path: Path) -> ImageFolder:
    inside = tmp_path / "images"
    (inside / "p10").mkdir(parents=True)
    written(inside, PIL.Image.fromarray(GREY), "b.png")
    written(inside / "p10", PIL.Image.fromarray(GREY), "c.png")
    written(inside, PIL.Image.new("L", (4, 4)), "a.JPG")
    (inside / "notes.txt").write_text("not an image")
    written(tmp_path, PIL.Image.fromarray(GREY), "secret.png")
    (tmp_path / "images-secret").mkdir()
    written(tmp_path / "images-secret", PIL.Image.fromarray(GREY), "a.png")
    (inside / "link.png").symlink_to(tmp_path / "secret.png")
    return ImageFolder(inside)


def test_a_folder_gives_images_by_name(folder: ImageFolder) -> None:
    assert list(folder) == ["a.JPG", "b.png", "link.png"]
    assert (folder["b.png"] == planes(GREY)).all()
    assert (folder["p10/c.png"] == planes(GREY)).all()
    assert (image_of(folder, "b.png") == planes(GREY)).all()


@pytest.mark.parametrize(
    "name",
    [
        "../secret.png",
        "p10/../../secret.png",
        "link.png",
        "../images-secret/a.png",
        "/etc/hostname",
    ],
)
def test_nothing_outside_the_folder_is_opened(folder: ImageFolder, name: str) -> None:
    with pytest.raises(DataError, match="leads out of"):
        folder[name]


@pytest.mark.parametrize("name", ["absent.png", "", ".", "p10", "a\0.png", "x" * 5000])
def test_a_name_without_a_file_is_refused(folder: ImageFolder, name: str) -> None:
    with pytest.raises(GazeSearchError) as caught:
        folder[name]
    assert not isinstance(caught.value, UnknownName)
    assert "\n" not in str(caught.value)


def test_a_folder_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="no such folder of images"):
        ImageFolder(tmp_path / "absent")


# -- the way between two frames

side = st.floats(1, 5000)
sizes = st.tuples(side, side)


@given(sizes, sizes, st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), max_size=5))
def test_points_come_back(
    frame: tuple[float, float], native: tuple[float, float], at: list
) -> None:
    points = np.array(at).reshape(-1, 2) * frame
    there = to_native(points, frame, native)
    assert there.shape == points.shape
    assert (there <= np.array(native) * (1 + 1e-12)).all()
    np.testing.assert_allclose(to_frame(there, frame, native), points, rtol=1e-12, atol=1e-300)


def test_corners_keep_their_places_and_sides_scale_alone() -> None:
    corners = [[[0, 0], [224, 224]], [[112, 56], [224, 0]]]
    expected = [[[0, 0], [2048, 2500]], [[1024, 625], [2048, 0]]]
    assert to_native(corners, (224, 224), (2048, 2500)).tolist() == expected
    assert to_frame(expected, (224, 224), (2048, 2500)).tolist() == corners


@pytest.mark.parametrize("bad", [(0, 5), (5, -1), (float("nan"), 5), (1, 2, 3)])
def test_a_size_must_have_two_sides(bad: tuple[float, ...]) -> None:
    with pytest.raises(BadSetting, match="both above 0 px"):
        to_native([[1, 2]], bad, (5, 5))  # type: ignore[arg-type]
    with pytest.raises(DataError, match="last axis"):
        to_native([[1, 2, 3]], (5, 5), (5, 5))
