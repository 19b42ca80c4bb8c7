"""Images: PNG and JPEG as arrays, a folder of them by name, and the way between two frames."""

from __future__ import annotations

import os
import struct
import warnings
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import PIL.Image
from numpy.typing import ArrayLike, NDArray

from gazesearch.errors import BadSetting, DataError, UnreadableFile
from gazesearch.files import readable
from gazesearch.receipts import is_adopted
from gazesearch.scanpaths import ScreenSize

FORMATS: Final = ("PNG", "JPEG")
ENDINGS: Final = (".png", ".jpg", ".jpeg")


@dataclass(frozen=True, kw_only=True, eq=False)
class Image:
    """An image as read.

    Attributes:
        pixels: (h, w, 3) uint8, red, green, blue, read-only; a grey image has three equal planes.
        native_size: width and height of the file's image, px, also where `pixels` was resized.
    """

    pixels: NDArray[np.uint8]
    native_size: tuple[int, int]


def read_image(path: str | os.PathLike[str], *, size: tuple[int, int] | None = None) -> Image:
    """Read a PNG or JPEG file.

    Grey of 16 bits is divided by 257, so that its whole range becomes 0 to 255; a file that uses
    12 of its 16 bits is as dark here as it says it is. What is transparent lies on black. An
    orientation that a JPEG asks viewers for is not applied: rows and columns are those stored.

    Args:
        path: the file; its content counts, not its ending.
        size: (width, height) px to resize to, without keeping the aspect ratio; None keeps it all.

    Raises:
        DataError: it is no PNG or JPEG, is cut off or broken, or has more pixels than Pillow takes
            for harmless (`PIL.Image.MAX_IMAGE_PIXELS`).
        UnreadableFile: it is absent, no file, or too large.
    """
    if size is not None and min(size) < 1:
        raise BadSetting(f"size {size}: both sides must be at least 1 px")
    file = readable(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # of faulty EXIF, which we do not read
            warnings.simplefilter("error", PIL.Image.DecompressionBombWarning)
            with PIL.Image.open(file, formats=FORMATS) as opened:
                native_size = opened.size
                coloured = _coloured(opened)
    except PIL.UnidentifiedImageError as error:
        raise DataError(f"{file}: is neither a PNG nor a JPEG image") from error
    except (PIL.Image.DecompressionBombWarning, PIL.Image.DecompressionBombError) as error:
        raise DataError(
            f"{file}: has over {PIL.Image.MAX_IMAGE_PIXELS:,} pixels: shrink it, "
            "or raise PIL.Image.MAX_IMAGE_PIXELS if you trust it"
        ) from error
    except (OSError, SyntaxError, ValueError, AssertionError, struct.error, zlib.error) as error:
        # Pillow's plug-ins tell of a broken file in all of these.
        raise DataError(f"{file}: is cut off or broken: {_one_line(error)}") from error
    if size is not None and size != native_size:
        coloured = coloured.resize(size, PIL.Image.Resampling.LANCZOS)
    pixels = np.asarray(coloured)
    pixels.flags.writeable = False
    return Image(pixels=pixels, native_size=native_size)


def _coloured(image: PIL.Image.Image) -> PIL.Image.Image:
    """Any of Pillow's modes as RGB of 8 bits."""
    if image.mode.startswith("I"):
        # convert() would clip 16 bits to 255 instead of scaling them.
        grey = np.clip(np.asarray(image).astype(np.int64), 0, 65535)
        return PIL.Image.fromarray(((grey + 128) // 257).astype(np.uint8)).convert("RGB")
    if image.has_transparency_data:
        seen = image.convert("RGBA")
        return PIL.Image.alpha_composite(PIL.Image.new("RGBA", seen.size, "black"), seen).convert(
            "RGB"
        )
    return image.convert("RGB")


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__


class ImageFolder:
    """The images of a folder by name; an `ImageSource`.

    Nothing outside the folder is opened but files that `gazesearch download --local` has linked.
    """

    def __init__(self, root: str | os.PathLike[str]) -> None:
        """Open a folder.

        Raises:
            UnreadableFile: there is no such folder.
        """
        self.root = Path(root)
        if not self.root.is_dir():
            raise UnreadableFile(f"{self.root}: no such folder of images")

    def read(self, name: str, *, size: tuple[int, int] | None = None) -> Image:
        """One image with its native size, as `read_image`.

        Args:
            name: path below the folder, as scanpaths name the image.
            size: (width, height) px to resize to.

        Raises:
            DataError: the name leads out of the folder, or the file is no sound image.
            UnreadableFile: the folder has no such file.
        """
        return read_image(self._path(name), size=size)

    def _path(self, name: str) -> Path:
        # In this order: resolve (which follows links), compare, open what was compared.
        try:
            folder = self.root.resolve()
            path = (folder / name).resolve()
            inside = path.is_relative_to(folder)
            if not inside and not is_adopted(folder.parent, f"{folder.name}/{name}", path):
                raise DataError(f"{self.root}: image {name!r} leads out of the folder")
            found = path.is_file()
        except (OSError, ValueError, RuntimeError) as error:
            if isinstance(error, DataError):
                raise
            raise DataError(f"image {name!r}: not a name that a file can have") from error
        if not found:
            raise UnreadableFile(f"{self.root}: holds no image {name!r}")
        return path

    def __getitem__(self, name: str) -> NDArray[np.uint8]:
        return self.read(name).pixels

    def __iter__(self) -> Iterator[str]:
        """Names of the PNG and JPEG files directly in the folder, sorted."""
        return iter(sorted(f.name for f in self.root.iterdir() if f.suffix.lower() in ENDINGS))


def to_native(
    xy: ArrayLike, frame_size: ScreenSize, native_size: ScreenSize
) -> NDArray[np.float64]:
    """Points of a frame in px of the native image that the frame shows stretched.

    Positions are continuous, 0 to width: both corners keep their places, and cell k of a frame is
    cell k of an image of the same size.

    Args:
        xy: x, y in px of the frame, (..., 2).
        frame_size: (width, height) of the frame, px.
        native_size: (width, height) of the image, px.

    Raises:
        BadSetting: a side is not above 0.
        DataError: the last axis is not x, y.

    >>> to_native([[112, 56]], (224, 224), (2048, 2500))
    array([[1024.,  625.]])
    """
    points = np.asarray(xy, dtype=np.float64)
    if points.ndim == 0 or points.shape[-1] != 2:
        raise DataError(f"points of shape {points.shape}: the last axis must be x, y")
    frame, native = (np.asarray(size, dtype=np.float64) for size in (frame_size, native_size))
    for size in (frame, native):
        if size.shape != (2,) or not (np.isfinite(size).all() and (size > 0).all()):
            raise BadSetting(f"size {_plain(size)}: must be (width, height), both above 0 px")
    return points * native / frame


def to_frame(xy: ArrayLike, frame_size: ScreenSize, native_size: ScreenSize) -> NDArray[np.float64]:
    """Points of the native image in px of a frame: `to_native` the other way.

    >>> to_frame([[1024, 625]], (224, 224), (2048, 2500))
    array([[112.,  56.]])
    """
    return to_native(xy, native_size, frame_size)


def _plain(size: NDArray[Any]) -> Any:
    return size.tolist()
