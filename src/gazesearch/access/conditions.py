"""What must be agreed to, and the way to access, step by step."""

from __future__ import annotations

from typing import Final

from gazesearch.access.harmless import lines

REPO: Final = "phamtrongthang/GazeSearch"
"""The published dataset."""

CONDITIONS: Final = """\
The images of GazeSearch derive from MIMIC-CXR, which PhysioNet gives only to credentialed users \
who have signed its data use agreement. By downloading I confirm that
1. I hold active credentialed access to MIMIC-CXR on PhysioNet;
2. I use these files only in research that complies with the PhysioNet Credentialed Health Data \
Use Agreement;
3. I will not redistribute the images.
A false declaration leads to access being revoked.
"""

NOTICE: Final = """\
These images derive from MIMIC-CXR. They remain under the PhysioNet Credentialed Health Data Use
Agreement: only credentialed users may have them, and they must not be redistributed.
Do not commit, upload, publish or pass them on; .gitignore in this folder keeps git away.

Source: {repo} on the Hugging Face Hub, revision {revision}.
Citation: Pham, Nguyen, Ikebe, Awasthi, Deng, Wu, Nguyen, Le: GazeSearch: Radiology Findings Search
Benchmark, WACV 2025. Annotations and checkpoints: MIT, (c) 2024 AICV@University of Arkansas.
"""

LOGIN: Final = "hf auth login (or set HF_TOKEN); tokens: https://huggingface.co/settings/tokens"


def steps(repo: str) -> tuple[str, ...]:
    """All that access needs, in order; each with the page where it is done."""
    return (
        "an account at PhysioNet: https://physionet.org/register/",
        "the CITI course on data or specimens: https://physionet.org/about/citi-course/",
        "credentialed access, with the course's report: "
        "https://physionet.org/settings/credentialing/",
        "the signed data use agreement of MIMIC-CXR: https://physionet.org/content/mimic-cxr/",
        f"a login at the hub: {LOGIN}",
        f"a request at https://huggingface.co/datasets/{repo} with all fields filled in, and proof "
        "that your access to MIMIC-CXR is active: requests without proof are denied",
        "a person's review, which may take time: gazesearch access check tells the state",
    )


def with_card(prompt: object) -> str:
    """The conditions, with what the dataset's own page says beside them.

    Args:
        prompt: `extra_gated_prompt` of the card; anything but a text is left out.
    """
    if not isinstance(prompt, str) or not prompt.strip():
        return CONDITIONS
    return f"{CONDITIONS}\nThe page of the dataset says:\n{lines(prompt.strip())}\n"
