"""The release check: planted violations are found, and clean datasets pass."""

from __future__ import annotations

import base64
import gzip
import io
import json
import re
import shutil
import struct
import tarfile
import tomllib
import wave
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pyarrow as pa
import pytest
from PIL.PngImagePlugin import PngInfo
from pyarrow import parquet

from gazesearch import load_dataset
from gazesearch.access.release_check import MENDS, Checked, check_release
from gazesearch.access.release_file import read_release, template
from gazesearch.datasets.phantom import write_phantom
from gazesearch.errors import DataError

RELEASE = Path(__file__).with_name("release.toml").read_text("utf-8")
PERSON = "p10000032"  # the form of an identifier, not one


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A phantom in the published layout, whose images stand for credentialed ones."""
    root = tmp_path_factory.mktemp("clean") / "dataset"
    write_phantom(root, images=3, observers=1, rng=0)
    (root / "release.toml").write_text(RELEASE)
    return root


@pytest.fixture
def root(clean: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(clean, tmp_path / "dataset"))


def checked(root: Path) -> Checked:
    return check_release(root, read_release(root), load_dataset(root).scanpaths)


def kinds(root: Path) -> set[str]:
    return {violation.kind for violation in checked(root).violations}


def test_a_clean_dataset_passes(clean: Path) -> None:
    found = checked(clean)
    assert found.violations == ()
    assert len(found.files) == 5
    assert "nothing found" in found.to_table()


@pytest.mark.parametrize("name", ["gazesearch", "osie", "coco_search18"])
def test_annotations_that_are_published_elsewhere_pass(
    name: str, shared_data: Path, tmp_path: Path
) -> None:
    file = next(f for f in sorted((shared_data / name).glob("f*.json")))
    (tmp_path / "annotations").mkdir()
    shutil.copyfile(file, tmp_path / "annotations" / file.name)
    whole = RELEASE[: RELEASE.rindex("[[part]]")] + RELEASE[RELEASE.index("[privacy]") :]
    (tmp_path / "release.toml").write_text(whole.replace('"*.json"', f'"{file.name}"'))
    assert checked(tmp_path).violations == ()


# -- what is planted


def told(root: Path, before: str, after: str) -> None:
    file = root / "release.toml"
    text = file.read_text("utf-8")
    assert before in text
    file.write_text(text.replace(before, after, 1))


def ungated(root: Path) -> None:
    told(root, 'kind = "manual"', 'kind = "none"')


def listed(root: Path, *patterns: str) -> None:
    told(root, 'files = ["*.json"]', f"files = {json.dumps(['*.json', *patterns])}")


def in_field(field: str, value: Any) -> Callable[[Path], None]:
    """Plant a field in the first record of the annotations."""

    def plant(root: Path) -> None:
        file = next((root / "annotations").glob("*.json"))
        records = json.loads(file.read_text())
        records[0][field] = value
        file.write_text(json.dumps(records))

    return plant


def beside(name: str, content: bytes | Callable[[], bytes]) -> Callable[[Path], None]:
    """Plant a listed file beside the annotations, under a folder that readers do not look into."""

    def plant(root: Path) -> None:
        file = root / "annotations" / "more" / name
        file.parent.mkdir(parents=True)
        file.write_bytes(content if isinstance(content, bytes) else content())
        listed(root, "more/*")

    return plant


def image_with(**settings: Any) -> Callable[[Path], None]:
    """Write an image anew, with something beside its pixels."""

    def plant(root: Path) -> None:
        file = min((root / "images").glob("*.png"))
        with PIL.Image.open(file) as opened:
            opened.load()
            opened.save(file, **settings)

    return plant


def no_gate(plant: Callable[[Path], None]) -> Callable[[Path], None]:
    """The same in an ungated repository that leaves the images themselves out."""

    def both(root: Path) -> None:
        plant(root)
        ungated(root)
        shutil.rmtree(root / "images")
        whole = (root / "release.toml").read_text("utf-8")
        start, end = whole.rindex("[[part]]"), whole.index("[privacy]")
        derived = whole[:start].replace("credentialed = false", "credentialed = true")
        (root / "release.toml").write_text(derived + whole[end:])

    return both


def renamed(after: str) -> Callable[[Path], None]:
    """Give an image another name, in the annotations too."""

    def plant(root: Path) -> None:
        before = min((root / "images").glob("*.png"))
        before.rename(before.with_name(after))
        file = next((root / "annotations").glob("*.json"))
        file.write_text(file.read_text().replace(before.name, after))

    return plant


def extra(path: str, content: bytes = b"1") -> Callable[[Path], None]:
    """Plant a file that nobody listed."""

    def plant(root: Path) -> None:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content)

    return plant


def image_bytes(form: str = "PNG", **settings: Any) -> bytes:
    file = io.BytesIO()
    grey = np.arange(4096, dtype=np.uint8).reshape(64, 64)
    PIL.Image.fromarray(grey).save(file, format=form, **settings)
    return file.getvalue()


def table_bytes(**columns: Any) -> bytes:
    file = io.BytesIO()
    parquet.write_table(pa.table(columns), file)
    return file.getvalue()


def zipped(name: str, content: bytes, *, compression: int = 0, comment: bytes = b"") -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as packed:
        member = zipfile.ZipInfo(name)
        member.comment = comment
        packed.writestr(member, content, compression)
    return file.getvalue()


def tarred(name: str, content: bytes) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as packed:
        member = tarfile.TarInfo(name)
        member.size = len(content)
        packed.addfile(member, io.BytesIO(content))
    return file.getvalue()


def array_bytes(array: np.ndarray[Any, Any]) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def spoken() -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(bytes(800))
    return file.getvalue()


def two_pages() -> bytes:
    file = io.BytesIO()
    pages = [PIL.Image.new("L", (8, 8)) for _ in range(2)]
    pages[1].encoderinfo = {"tiffinfo": {270: "seen"}}
    pages[0].save(file, "TIFF", save_all=True, append_images=pages[1:])
    return file.getvalue()


def png_chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + bytes(4)


def image_is(content: Callable[[], bytes]) -> Callable[[Path], None]:
    """Give an image another content, whatever its ending says."""

    def plant(root: Path) -> None:
        min((root / "images").glob("*.png")).write_bytes(content())

    return plant


def with_bytes(at: int, content: bytes) -> Callable[[Path], None]:
    """Put bytes into the middle of an image."""

    def plant(root: Path) -> None:
        file = min((root / "images").glob("*.png"))
        data = file.read_bytes()
        file.write_bytes(data[:at] + content + data[at:])

    return plant


def text_chunk(key: str, value: str) -> PngInfo:
    info = PngInfo()
    info.add_text(key, value)
    return info


def weights(content: bytes) -> Callable[[Path], None]:
    def plant(root: Path) -> None:
        (root / "checkpoints").mkdir()
        (root / "checkpoints" / "model.pt").write_bytes(content)
        told(
            root,
            "[privacy]",
            '[[part]]\npath = "checkpoints"\nholds = "weights"\nfiles = ["*.pt"]\nlicence = "mit"\n'
            'credentialed = true\nprovenance = "Trained here."\n\n[privacy]',
        )

    return plant


def linked(root: Path) -> None:
    (root / "annotations" / "more").symlink_to(root.parent)


def more_bytes(root: Path) -> None:
    file = min((root / "images").glob("*.png"))
    file.write_bytes(file.read_bytes() + b"more")


def first_removed(root: Path) -> None:
    min((root / "images").glob("*.png")).unlink()


EXIF = PIL.Image.Exif()
EXIF[0x0110] = "A camera"
DICOM = bytes(128) + b"DICM" + b"\x08\x00\x60\x00CS\x02\x00DX"
DATA_URI = "data:image/png;base64," + base64.b64encode(image_bytes()).decode()
SPEECH = "there is a small left sided pleural effusion and nothing else"

PLANTED: list[tuple[str, str, Callable[[Path], None]]] = [
    # pixels of credentialed images, ungated or where no images belong
    ("pixels", "images without a gate", ungated),
    ("pixels", "an image under another ending", no_gate(beside("a.json", image_bytes()))),
    ("pixels", "a thumbnail as a data URI", no_gate(in_field("thumbnail", DATA_URI))),
    ("pixels", "an image in base64", no_gate(
        in_field("preview", base64.b64encode(image_bytes("JPEG")).decode()))),
    ("pixels", "an image in a Parquet cell", no_gate(
        beside("a.parquet", lambda: table_bytes(a=[image_bytes()])))),
    ("pixels", "an image in a zip", no_gate(beside("a.zip", zipped("x.json", image_bytes())))),
    ("pixels", "an image in a tar.gz", no_gate(beside("a.tgz", tarred("x", image_bytes("GIF"))))),
    ("pixels", "an array of pixels", no_gate(
        beside("a.npy", array_bytes(np.zeros((64, 64), np.uint8))))),
    ("pixels", "a grid of numbers", no_gate(in_field("map", [[7] * 40] * 40))),
    ("pixels", "an image in hexadecimal digits", no_gate(
        in_field("preview", image_bytes("JPEG").hex()))),
    ("pixels", "an image in base64 of addresses", no_gate(
        in_field("preview", base64.urlsafe_b64encode(image_bytes("JPEG")).decode().rstrip("=")))),
    ("pixels", "an image in a data URI of another kind", no_gate(
        in_field("preview", f"url({DATA_URI.replace('image/png', 'text/plain')})"))),
    ("pixels", "an image in an archive called weights", weights(zipped("data/0", image_bytes()))),
    ("pixels", "an image called weights", weights(image_bytes("TIFF"))),
    # DICOM
    ("dicom", "a DICOM file without a gate", no_gate(beside("a.json", DICOM))),
    ("dicom", "a DICOM file no part allows", beside("a.dcm", DICOM)),
    ("dicom", "a header as JSON", no_gate(in_field("header", {"PhotometricInterpretation": "M"}))),
    ("dicom", "a tag as a column", beside("a.csv", b'image,"(0018,5101)"\na.png,PA\n')),
    ("dicom", "a unique identifier", in_field("series", "1.2.840.113619.2.5.17.1")),
    # speech and reports
    ("dictation", "a transcript", in_field("transcript", "small effusion")),
    ("dictation", "free text in any field", in_field("extra", SPEECH)),
    ("dictation", "free text without blanks", in_field("extra", SPEECH.replace(" ", "_"))),
    ("dictation", "a report's section", beside("a.txt", b"FINDINGS: none.\n")),
    ("dictation", "text in a Parquet column", beside("a.parquet", lambda: table_bytes(a=[SPEECH]))),
    ("dictation", "a text called weights", weights(SPEECH.encode())),
    ("dictation", "a remark on a member of an archive", beside(
        "a.zip", zipped("x", b"1", comment=SPEECH.encode()))),
    ("dictation", "sound", beside("a.bin", spoken())),
    # dates
    ("date", "an ISO date", in_field("session", "2019-03-14")),
    ("date", "a date of another order", in_field("session", "03/14/2019")),
    ("date", "a date in words", in_field("session", "14 March 2019")),
    ("date", "a date with the dashes of a word processor", in_field("session", "2019–03–14")),
    ("date", "a date in wide digits", in_field("session", "２０１９－０３－１４")),
    ("date", "a date as a number", in_field("session", 20190314)),
    ("date", "seconds since 1970", in_field("start_time", 1552521600)),
    ("date", "a shifted date in a file's name", renamed("view_21800506.png")),
    ("date", "a date in the name of a file", beside("session_2018-03-14.json", b"[]")),
    ("date", "a field for dates", in_field("StudyDate2", 7)),
    # patients
    ("patient_id", "an identifier in a field", in_field("source", f"files/{PERSON}/a")),
    ("patient_id", "a column of patients", beside("a.csv", b"image,patient_id\na.png,4\n")),
    ("patient_id", "an identifier as subject", in_field("subject", 10000032)),
    ("patient_id", "an identifier in a file's name", renamed(f"{PERSON}.png")),
    ("patient_id", "an identifier in capitals", in_field("source", PERSON.upper())),
    ("patient_id", "an identifier parted by nothing seen", in_field("x", f"p1\u200b{PERSON[2:]}")),
    ("patient_id", "an identifier in packed weights", weights(
        zipped("data.pkl", PERSON.encode(), compression=zipfile.ZIP_DEFLATED))),
    ("patient_id", "an identifier in weights", weights(b"\x80\x02" + PERSON.encode() + b".")),
    # readers
    ("reader_name", "a reader's name", in_field("session", "by grete leserin")),
    ("reader_name", "last name first, in capitals", in_field("session", "von LESERIN, Grete")),
    ("reader_name", "another spelling of an accent",
        in_field("x", "Jose\u0301_Mu\u0308ller Ludenscheidt")),
    ("reader_name", "in UTF-16, packed", beside(
        "a.txt.gz", gzip.compress("Leserin, Grete".encode("utf-16")))),
    ("reader_name", "a word as subject", in_field("reader", "gl")),
    ("reader_name", "a mail address", in_field("session", "someone@example.org")),
    # beside pixels
    ("exif", "EXIF in a PNG", image_with(exif=EXIF)),
    ("exif", "text in a PNG", image_with(pnginfo=text_chunk("Comment", "seen"))),
    ("exif", "EXIF in a JPEG", image_with(format="JPEG", exif=EXIF)),
    ("exif", "a comment in a JPEG", image_with(format="JPEG", comment=b"seen")),
    ("exif", "a chunk of its own in a PNG", with_bytes(33, png_chunk(b"prVt", b"seen"))),
    ("exif", "a segment of its own in a JPEG", image_is(
        lambda: image_bytes("JPEG")[:2] + b"\xff\xe2\x00\x06seen" + image_bytes("JPEG")[2:])),
    ("exif", "words of a GIF's program", image_is(
        lambda: image_bytes("GIF")[:-1] + b"\x21\xff\x0bMY PROGRAM1\x04seen\x00;")),
    ("exif", "words on the second page of a TIFF", image_is(two_pages)),
    ("closed", "an image that cannot be told from what is beside it", image_is(
        lambda: image_bytes("JPEG2000"))),
    ("exif", "bytes after an image's end", more_bytes),
    # files nobody listed
    ("unlisted", "a note", extra("notes.txt")),
    ("unlisted", "a hidden file", beside(".a.json", b"[]")),
    ("unlisted", "a backup of the annotations", extra("annotations/old/a.json", b"[]")),
    ("unlisted", "an image without annotation", extra("images/z.png", image_bytes())),
    ("link", "a link out of the folder", linked),
    ("missing", "an image that is not there", first_removed),
    ("closed", "a packed file called weights", weights(gzip.compress(b"0"))),
    ("closed", "a file that cannot be looked into", beside("a.pdf", b"%PDF-1.7 ")),
    ("secret", "an access token", in_field("x", "hf_" + "a" * 30)),
]  # fmt: skip


def test_at_least_forty_are_planted_of_every_kind() -> None:
    assert len({what for _, what, _ in PLANTED}) == len(PLANTED) >= 40
    assert {kind for kind, _, _ in PLANTED} == set(MENDS)


@pytest.mark.parametrize(
    ("kind", "plant"), [pytest.param(k, p, id=what.replace(" ", "_")) for k, what, p in PLANTED]
)
def test_planted_violations_are_found(kind: str, plant: Callable[[Path], None], root: Path) -> None:
    plant(root)
    found = checked(root)
    assert kind in {violation.kind for violation in found.violations}
    shown = found.to_table()
    private = ("leserin", "Leserin", "Lüdenscheidt", SPEECH, "hf_a", "2019-03-14", "someone@")
    assert not [word for word in private if word in shown]


@pytest.mark.parametrize(
    ("said", "plant", "kind"),
    [
        ("dates = true", in_field("session", "2019-03-14"), "date"),
        ("patient_ids = true", in_field("patient_id", 10000032), "patient_id"),
    ],
)
def test_what_the_card_says_may_stand_there(
    said: str, plant: Callable[[Path], None], kind: str, root: Path
) -> None:
    plant(root)
    assert kind in kinds(root)
    told(root, "[privacy]", f"[privacy]\n{said}")
    assert kind not in kinds(root)


def test_licence_and_citation_may_hold_dates_and_authors_but_no_reader(root: Path) -> None:
    (root / "LICENSE").write_text("Version 2.0, January 2004, Dr. Some Author, mail a@example.org")
    (root / "CITATION.cff").write_text("date-released: 2024-11-05\nauthors: [x]\n")
    assert checked(root).violations == ()
    (root / "LICENSE").write_text("with thanks to Grete Leserin")
    assert kinds(root) == {"reader_name"}


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("a" * 100_000, id="word"),
        pytest.param("a." * 50_000, id="dots"),
        pytest.param("1.2." * 50_000, id="numbers"),
        pytest.param("a-" * 50_000 + "1", id="hyphens"),
        pytest.param("a'" * 50_000 + "1", id="apostrophes"),
        pytest.param("a" * 64 + " " * 100_000 + "!", id="blanks"),
    ],
)
def test_a_text_of_any_length_is_gone_through_once(text: str, root: Path) -> None:
    # In time that grows with its square this would take hours.
    in_field("mask", text)(root)
    assert kinds(root) <= {"dicom", "dictation"}


def test_a_number_of_any_length_is_no_date(root: Path) -> None:
    beside("a.json", b'{"start_time": 1' + b"0" * 400 + b"}")(root)
    assert kinds(root) == set()


def test_an_ungated_dataset_without_credentialed_parts_may_show_its_images(root: Path) -> None:
    ungated(root)
    told(root, "credentialed = true", "credentialed = false")
    assert checked(root).violations == ()


def test_patterns_of_a_site_are_looked_for(root: Path) -> None:
    in_field("source", "UKX-4711")(root)
    assert "patient_id" not in kinds(root)
    told(root, "[privacy]", "[privacy]\npatient_id_patterns = ['UKX-\\d{4}']")
    assert "patient_id" in kinds(root)


def test_hostile_file_names_are_shown_harmlessly(root: Path) -> None:
    extra("images/\x1b[31m\u202egnp.<b>\n.exe")(root)
    shown = checked(root).to_table()
    assert "\\x1b[31m\\u202egnp.<b>\\n.exe" in shown
    assert all(c.isprintable() or c == "\n" for c in shown)


# -- release.toml


def test_the_template_is_read_when_it_is_filled_in(tmp_path: Path) -> None:
    text = template()
    for name in ("title", "summary", "provenance"):
        text = re.sub(rf'^{name} = ""', f'{name} = "x"', text, flags=re.MULTILINE)
    text = text.replace('authors = [""]', 'authors = ["x"]')
    (tmp_path / "release.toml").write_text(text)
    release = read_release(tmp_path)
    assert [part.path for part in release.part] == ["annotations", "images"]
    assert release.credentialed
    assert set(tomllib.loads(text)) == {
        "repo", "dataset", "gate", "part", "privacy", "responsible"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ('kind = "manual"', 'kind = "auto"', "gate: kind: must be one of manual, none"),
        ("[privacy]", "[privacy]\nnames = []", "privacy: unknown key 'names'"),
        ('summary = "Radio', 'sumary = "Radio', "unknown key 'sumary'"),
        ("credentialed = true", "credentialed = 1", "part 2: credentialed: must be of kind bool"),
        ('path = "images"', 'path = "../images"', "part 2: path: must be a folder below"),
        ('path = "images"', 'path = "data/images"', "part 2: path: data/ is written by publish"),
        ('version = "1.0.0"', 'version = "one"', "version: must be three numbers"),
        ('"Country" = "country"', '"Country" = "land"', "gate: fields: 'Country'"),
        ('licence_link = "https', 'licence_link = ""\n#', "licence: other needs licence_name"),
        ("[gate]", "[gate", "is not TOML"),
    ],
)
def test_a_faulty_release_file_is_refused(before: str, after: str, says: str, root: Path) -> None:
    told(root, before, after)
    with pytest.raises(DataError, match=r"release\.toml: ") as raised:
        read_release(root)
    assert says in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_table_with_a_long_cell_is_looked_into_and_readers_keep_their_limit(
    tmp_path: Path,
) -> None:
    import csv

    from gazesearch.access.look_inside import look_inside

    (tmp_path / "a.csv").write_text("note,patient\n" + "a" * 200_000 + ",P10000032\n")
    before = csv.field_size_limit()
    found = [seen.value for seen in look_inside(tmp_path / "a.csv")]
    assert "P10000032" in found
    assert csv.field_size_limit() == before
