"""`gazesearch evaluate --likelihood`: a model, or a file of its maps, fixation by fixation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from gazesearch.errors import BadSetting

if TYPE_CHECKING:
    from gazesearch.evaluation.likelihood import FixationScores
    from gazesearch.evaluation.truth import Truth


def refuse_mixture(
    likelihood: bool, *, evaluating: Mapping[str, object], scoring: Mapping[str, object]
) -> None:
    """Options of one way to score given with the other.

    Raises:
        BadSetting: one of `evaluating` is set with --likelihood, or one of `scoring` without.
    """
    wrong = [name for name, value in (evaluating if likelihood else scoring).items() if value]
    if wrong:
        raise BadSetting(f"{wrong[0]}: {'not with' if likelihood else 'only with'} --likelihood")


def parse_share(text: str | None) -> float | Literal["valid"]:
    """The share of uniform mass that `--mix-uniform` asks for.

    >>> parse_share(None), parse_share("0.01"), parse_share("valid")
    (0.0, 0.01, 'valid')
    """
    if text is None:
        return 0.0
    if text == "valid":
        return "valid"
    try:
        return float(text)
    except ValueError:
        raise BadSetting(f"--mix-uniform {text!r}: must be a share from 0 to 1, or valid") from None


def score_maps(
    name: str,
    truth: Truth,
    *,
    images: Path | None,
    mix_uniform: str | None,
    seed: int,
    say: Callable[[str, float], None],
) -> FixationScores:
    """Open a model by name or path, and score it."""
    from gazesearch.evaluation.likelihood import open_model, score_fixations
    from gazesearch.images import ImageFolder

    share = parse_share(mix_uniform)
    folder = None if images is None else ImageFolder(images)
    opened = open_model(name, truth, rng=seed)
    return score_fixations(
        opened.model,
        truth,
        images=folder,
        mix_uniform=share,
        origin=opened.origin,
        progress=say,
    )
