"""What in a text, a number or a field's name tells of a person: dates, names, speech."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from typing import Final, Literal

from gazesearch.access.release_file import Privacy

Kind = Literal["date", "patient_id", "reader_name", "dictation", "dicom", "secret"]
Finding = tuple[Kind, str]

_MONTH: Final = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|"
    r"sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
_YEAR: Final = r"(?:18|19|20|21|22)\d\d"  # a shifted date is a date
_M, _D = r"(?:0?[1-9]|1[0-2])", r"(?:0?[1-9]|[12]\d|3[01])"
_BEFORE, _AFTER = r"(?<![0-9A-Za-z.-])", r"(?![0-9A-Za-z-])"
_DATES: Final = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"{_BEFORE}{_YEAR}([-/._]){_M}\1{_D}(?![0-9-])",
        rf"{_BEFORE}{_D}([-/.]){_D}\1{_YEAR}(?![0-9-])",
        rf"{_BEFORE}{_D}/{_D}/\d\d(?![0-9/])",
        rf"{_BEFORE}(?:19|20|21|22)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])"
        rf"(?:T?\d{{4,6}})?{_AFTER}",
        rf"(?<![A-Za-z0-9-]){_D}(?:st|nd|rd|th)?[\s.-]*{_MONTH}[\s.,-]*(?:{_YEAR}|'?\d\d)?"
        r"(?![A-Za-z0-9-])",
        rf"(?<![A-Za-z]){_MONTH}[\s.]+(?:{_D}(?:st|nd|rd|th)?,?[\s]+)?{_YEAR}(?!\d)",
    )
)
_DATE_WORDS: Final = {"date", "dates", "datetime", "dob", "birth", "birthday", "birthdate"}
_TIME_WORDS: Final = _DATE_WORDS | {
    "time", "timestamp", "created", "modified", "recorded", "acquired", "started", "start", "end",
}  # fmt: skip
_PATIENT_FIELDS: Final = {
    "patient", "patients", "patient_id", "patientid", "pat_id", "mrn", "medical_record_number",
    "subject_id", "study_id", "accession", "accession_number", "hadm_id", "stay_id", "ssn", "pid",
}  # fmt: skip
_PATIENT: Final = re.compile(r"(?<![A-Za-z0-9])[psPS][15]\d{7}(?!\d)")
_READER_WORDS: Final = {
    "reader", "radiologist", "annotator", "physician", "doctor", "observer", "rater", "operator",
    "author", "name", "user", "username",
}  # fmt: skip
_PERSON_FIELDS: Final = _READER_WORDS - {"name"} | {"subject"}
_TITLED: Final = re.compile(r"(?<![A-Za-z])(?:Dr|Prof|Doctor|Professor)\.?\s+[A-Z][\w'-]+")
# Each starts at the start of its word only, and takes it whole: a text without blanks of any length
# is gone through once.
_MAIL: Final = re.compile(r"(?<![\w.+-])[\w.+-]++@[\w-]++(?:\.[\w-]+)+")
_SPEECH_WORDS: Final = {
    "transcript", "transcription", "dictation", "dictated", "report", "impression", "utterance",
    "sentence", "phrase", "narrative", "comment", "comments", "remark", "remarks", "note", "notes",
    "history", "indication", "speech", "words", "text",
}  # fmt: skip
_REPORT: Final = re.compile(r"\b(?:FINDINGS|IMPRESSION|INDICATION|TECHNIQUE|COMPARISON)\s*:")
# Letters between blanks and marks: hexadecimal names of images are no words.
_WORD: Final = re.compile(r"(?<![\w-])(?<!\w')[^\W\d_]++(?:[-'][^\W\d_]++)*+(?![\w-])")
_SPOKEN_WORDS: Final = 8
_DICOM_FIELDS: Final = {
    "patientname", "patientid", "patientbirthdate", "patientsex", "patientage", "studydate",
    "seriesdate", "acquisitiondate", "contentdate", "studytime", "accessionnumber", "studyid",
    "studyinstanceuid", "seriesinstanceuid", "sopinstanceuid", "sopclassuid", "institutionname",
    "institutionaddress", "referringphysicianname", "performingphysicianname", "operatorsname",
    "stationname", "deviceserialnumber", "manufacturermodelname", "bodypartexamined",
    "viewposition", "photometricinterpretation", "pixelspacing",
}  # fmt: skip
_DICOM_TAG: Final = re.compile(
    r"\(?(?:0002|0008|0010|0018|0020|0028|7fe0),?\s?[0-9a-f]{4}\)?", re.I
)
_UID: Final = re.compile(r"(?<![\d.])1\.(?:2|3)\.\d++(?:\.\d++){4,}+")
_SECRET: Final = re.compile(
    r"\bhf_[A-Za-z0-9]{20,}|\bgh[pousr]_[A-Za-z0-9]{30,}|-----BEGIN [A-Z ]*PRIVATE KEY"
)


class Searcher:
    """Looks for what is private, as `release.toml` says it."""

    def __init__(self, privacy: Privacy, *, but_names: Sequence[str] = ()) -> None:
        """Prepare a search.

        Args:
            privacy: what counts as private.
            but_names: readers' names that may stand here, as authors' do on a card.
        """
        self.privacy = privacy
        allowed = {_folded(name) for name in but_names}
        self.names = [
            _name_pattern(name) for name in privacy.reader_names if _folded(name) not in allowed
        ]
        self.ids = [_PATIENT, *map(re.compile, privacy.patient_id_patterns)]

    def in_field(self, field: str) -> Iterator[Finding]:
        """What the name of a field alone tells, whatever its values are."""
        plain = re.sub(r"[^a-z0-9]", "", field.lower())
        if plain in _DICOM_FIELDS or _DICOM_TAG.fullmatch(field.strip()):
            yield "dicom", "a field of a DICOM header"
        yield from self.in_words(field)
        if not self.privacy.patient_ids and "_".join(_words(field)) in _PATIENT_FIELDS:
            yield "patient_id", "a field for identifiers of patients"
        if not self.privacy.dates and _DATE_WORDS & set(_words(field)):
            yield "date", "a field for dates"

    def in_text(self, text: str, field: str | None, *, data: bool = True) -> Iterator[Finding]:
        """What a text of a field tells; `data` is false for documents, which are prose."""
        text = _as_read(text)
        yield from self.in_words(text)
        if not self.privacy.dates and any(pattern.search(text) for pattern in _DATES):
            yield "date", "a date"
        words = set(_words(field or ""))
        if data and not _REPORT.search(text):
            spoken = len(_WORD.findall(text.replace("_", " ")))
            if spoken >= _SPOKEN_WORDS or (spoken >= 2 and words & _SPEECH_WORDS):
                yield "dictation", "free text"
        elif _REPORT.search(text):
            yield "dictation", "a section of a report"
        if data and words & _PERSON_FIELDS and _WORD.search(text):
            yield "reader_name", "words in a field of a person"

    def in_words(self, text: str) -> Iterator[Finding]:
        """What may stand nowhere, be it a file's name, a document or data."""
        text = _as_read(text)
        if _SECRET.search(text):
            yield "secret", "an access token or key"
        if not self.privacy.patient_ids and any(pattern.search(text) for pattern in self.ids):
            yield "patient_id", "an identifier of a patient or study"
        folded = _folded(text)
        if any(pattern.search(folded) for pattern in self.names):
            yield "reader_name", "the name of a reader"
        elif _TITLED.search(text):
            yield "reader_name", "a person's title and name"
        elif _MAIL.search(text):
            yield "reader_name", "a mail address"
        if _UID.search(text):
            yield "dicom", "a DICOM identifier"

    def in_name(self, name: str) -> Iterator[Finding]:
        """What the name of a file or folder tells."""
        name = _as_read(name)
        yield from self.in_words(name)
        if not self.privacy.dates and any(pattern.search(name) for pattern in _DATES):
            yield "date", "a date"

    def in_number(self, number: float, field: str | None) -> Iterator[Finding]:
        """What a number of a field tells: times since 1970, dates as numbers, identifiers."""
        words = set(_words(field or ""))
        is_whole = isinstance(number, int) or number.is_integer()
        if not self.privacy.dates:
            since_1970 = words & _TIME_WORDS and (5e8 < number < 4.2e9 or 5e11 < number < 4.2e18)
            of_a_year = "year" in words and 1800 <= number <= 2300
            whole = is_whole and 1e7 < number < 1e15
            if since_1970 or of_a_year or (whole and _DATES[3].fullmatch(str(int(number)))):
                yield "date", "a date or time of day"
        if not self.privacy.patient_ids and is_whole and abs(number) < 1e100:
            text = str(int(number))
            own = any(pattern.fullmatch(text) for pattern in self.ids[1:])
            if own or (words & {"subject", "study"} and 1e7 <= number < 1e8):
                yield "patient_id", "an identifier of a patient or study"

    def in_bytes(self) -> list[tuple[Finding, Callable[[bytes], object]]]:
        """What is searched for in files that cannot be looked into: names and identifiers."""
        found: list[tuple[Finding, Callable[[bytes], object]]] = []
        for name in self.privacy.reader_names:
            pattern = re.compile(re.escape(name.strip().encode()), re.IGNORECASE)
            found.append((("reader_name", "the name of a reader"), pattern.search))
        if not self.privacy.patient_ids:
            ids = re.compile(rb"(?<![A-Za-z0-9])[psPS][15]\d{7}(?!\d)")
            found.append((("patient_id", "an identifier of a patient or study"), ids.search))
        return found


def _words(field: str) -> list[str]:
    """Words of a field's name: `StudyDate`, `study_date` and `study-date` are the same."""
    return re.findall(r"[a-z]+|\d+", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", field).lower())


def _as_read(text: str) -> str:
    """A text in plain digits, letters and dashes, without characters that are not seen."""
    if text.isascii():
        return text
    wide = unicodedata.normalize("NFKC", text)
    seen = (c for c in wide if unicodedata.category(c) != "Cf")
    return "".join("-" if unicodedata.category(c) == "Pd" or c == "\u2212" else c for c in seen)


def _folded(text: str) -> str:
    """Lower case without accents and without characters that are not seen."""
    parts = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in parts if unicodedata.category(c) not in ("Mn", "Cf"))


def _name_pattern(name: str) -> re.Pattern[str]:
    """First and last name in either order, joined or parted by anything that is no letter."""
    parts = [re.escape(part) for part in re.findall(r"[^\W\d_]+", _folded(name))]
    if not parts:
        return re.compile(r"(?!)")
    between = r"[\W\d_]*"
    ways = [between.join(parts), between.join([parts[-1], *parts[:-1]])]
    if len(parts) > 1:
        ways.append(parts[0][0] + between + parts[-1])  # the initial alone
    return re.compile(rf"(?<![^\W\d_])(?:{'|'.join(ways)})(?![^\W\d_])")
