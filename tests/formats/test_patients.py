"""The table of patients: two columns, or one line that says what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from gazesearch.errors import DataError, UnreadableFile
from gazesearch.formats.patients import read_patients


def read(tmp_path: Path, content: str | bytes) -> dict[str, str]:
    file = tmp_path / "patients.csv"
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_patients(file)


def test_columns_are_found_by_name(tmp_path: Path) -> None:
    content = '\ufeffstudy,patient, image\r\n1,007,"a,1.png"\r\n\r\n2,8,b.png\r\n3,8,b.png\r\n'
    assert read(tmp_path, content) == {"a,1.png": "007", "b.png": "8"}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "the header must name image and patient"),
        ("image;patient\na;1\n", "the header must name image and patient"),
        ("image,patient,image\na,1,b\n", "the header must name image and patient, each once"),
        ("image,patient\n", "names no image"),
        ("image,patient\na\n", "line 2: 1 cells for 2 columns"),
        ("image,patient\na,1\nb,\n", "line 3: an image or patient is empty"),
        ("image,patient\na,1\na,2\n", "line 3: image 'a' has another patient above"),
        ('image,patient\n"a,1\n', "not CSV"),
        (b"image,patient\n\xff,1\n", "is not UTF-8 text"),
    ],
)
def test_a_malformed_table_is_refused_in_one_line(
    tmp_path: Path, content: str | bytes, said: str
) -> None:
    with pytest.raises(DataError, match=said) as raised:
        read(tmp_path, content)
    assert "\n" not in str(raised.value)


def test_a_table_that_is_not_there_is_said_to_be(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="no such file"):
        read_patients(tmp_path / "none.csv")
