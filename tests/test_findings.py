"""The 13 findings."""

from __future__ import annotations

import pytest

from gazesearch import FINDINGS
from gazesearch.errors import UnknownName
from gazesearch.findings import finding, finding_id

# As CheXpert's labeller writes them in its CSV; "No Finding" is none of the 13.
CHEXPERT = (
    "Atelectasis",
    "Cardiomegaly",
    "Consolidation",
    "Edema",
    "Enlarged Cardiomediastinum",
    "Fracture",
    "Lung Lesion",
    "Lung Opacity",
    "Pleural Effusion",
    "Pleural Other",
    "Pneumonia",
    "Pneumothorax",
    "Support Devices",
)


def test_ids_are_alphabetical_from_0_to_12() -> None:
    assert list(FINDINGS) == sorted(FINDINGS)
    assert len(set(FINDINGS)) == 13
    assert [finding_id(name) for name in FINDINGS] == list(range(13))


def test_findings_are_the_tasks_of_the_released_file(annotations: object) -> None:
    assert set(annotations.finding) == set(FINDINGS)  # type: ignore[attr-defined]


@pytest.mark.parametrize(("name", "number"), list(zip(CHEXPERT, range(13), strict=True)))
def test_chexpert_names_are_known(name: str, number: int) -> None:
    assert finding(name) == FINDINGS[number]
    assert finding_id(name) == number


@pytest.mark.parametrize(
    ("name", "published"),
    [
        ("Airspace Opacity", "lung opacity"),
        ("pulmonary_edema__chx", "edema"),
        ("Oedema", "edema"),
        ("pleural_effusion__chx", "pleural effusion"),
        ("PLEURAL-OTHER", "pleural other"),
        ("  lung   opacity ", "lung opacity"),
        ("support device", "support devices"),
        ("Lung nodule or mass", "lung lesion"),
        ("widened mediastinum", "enlarged cardiomediastinum"),
        ("effusion", "pleural effusion"),
    ],
)
def test_aliases_are_read_whatever_their_case_and_separators(name: str, published: str) -> None:
    assert finding(name) == published


@pytest.mark.parametrize("name", ["No Finding", "", "__chx", "pneumo", "lungopacity", "edema2"])
def test_what_is_no_finding_is_refused(name: str) -> None:
    with pytest.raises(UnknownName, match="unknown finding"):
        finding(name)


def test_a_slip_is_answered_by_the_nearest_finding() -> None:
    with pytest.raises(UnknownName, match="did you mean cardiomegaly"):
        finding_id("Cardiomegally")
