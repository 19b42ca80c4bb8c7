"""The 13 findings of GazeSearch: published spellings and ids, aliases, CheXpert's names."""

from __future__ import annotations

from gazesearch.errors import UnknownName

FINDINGS = (
    "atelectasis",
    "cardiomegaly",
    "consolidation",
    "edema",
    "enlarged cardiomediastinum",
    "fracture",
    "lung lesion",
    "lung opacity",
    "pleural effusion",
    "pleural other",
    "pneumonia",
    "pneumothorax",
    "support devices",
)
"""Published spellings; the index of each is its published id."""

_ALIASES = {
    "pulmonary edema": "edema",
    "oedema": "edema",
    "pulmonary oedema": "edema",
    "airspace opacity": "lung opacity",
    "effusion": "pleural effusion",
    "lung nodule or mass": "lung lesion",
    "support device": "support devices",
    "widened mediastinum": "enlarged cardiomediastinum",
}


def finding(name: str) -> str:
    """The published spelling of a finding, whatever its case, separators or alias.

    EGD's column names (`pleural_effusion__chx`) and CheXpert's (`Pleural Effusion`) are accepted.

    Raises:
        UnknownName: no finding is called so.

    >>> finding("Pleural_Effusion")
    'pleural effusion'
    """
    plain = name.removesuffix("__chx").replace("_", " ").replace("-", " ")
    plain = " ".join(plain.lower().split())
    plain = _ALIASES.get(plain, plain)
    if plain not in FINDINGS:
        raise UnknownName("finding", name, FINDINGS)
    return plain


def finding_id(name: str) -> int:
    """The published id of a finding, 0 to 12.

    >>> finding_id("support devices")
    12
    """
    return FINDINGS.index(finding(name))
