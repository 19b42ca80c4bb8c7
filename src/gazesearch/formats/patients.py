"""A table of patients: which patient each image shows, CSV with the columns `image,patient`."""

from __future__ import annotations

import csv
import io
import os

from gazesearch.errors import DataError
from gazesearch.files import readable

COLUMNS = ("image", "patient")


def read_patients(path: str | os.PathLike[str]) -> dict[str, str]:
    """Patient of each image.

    Other columns are ignored; an image may stand twice with the same patient.

    Raises:
        DataError: it is not CSV in UTF-8, lacks a column, a cell is empty, or an image has two
            patients.
        UnreadableFile: there is no such file, or it is too large.
    """
    file = readable(path)
    try:
        text = file.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(
            f"{file}: is not UTF-8 text (byte {error.start}): save it as UTF-8"
        ) from error
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    patients: dict[str, str] = {}
    try:
        header = [name.strip() for name in next(reader, [])]
        if any(header.count(column) != 1 for column in COLUMNS):
            raise DataError(f"{file}: the header must name image and patient, each once")
        places = [header.index(column) for column in COLUMNS]
        for cells in reader:
            if not cells:
                continue
            where = f"{file}: line {reader.line_num}"
            if len(cells) != len(header):
                raise DataError(f"{where}: {len(cells)} cells for {len(header)} columns")
            image, patient = (cells[place].strip() for place in places)
            if not image or not patient:
                raise DataError(f"{where}: an image or patient is empty: fill it in or remove it")
            if patients.setdefault(image, patient) != patient:
                raise DataError(f"{where}: image {image!r} has another patient above: keep one")
    except csv.Error as error:
        raise DataError(f"{file}: line {reader.line_num}: not CSV: {error}") from error
    if not patients:
        raise DataError(f"{file}: names no image: a line is image,patient")
    return patients
