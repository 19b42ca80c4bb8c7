"""Controls that are densities: proper, chosen on valid, and blind to what they must not know."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.special import logsumexp

from gazesearch.datasets.phantom import write_phantom
from gazesearch.errors import BadSetting, DataError
from gazesearch.evaluation.likelihood import next_fixation_bits
from gazesearch.models.controls import (
    FindingDensity,
    GlobalDensity,
    HistoryDensity,
    ImageMemory,
    MemoryWidths,
    Widths,
)
from gazesearch.models.controls.kernels import Frame, mixture_weights
from gazesearch.models.controls.repeats import Repeats
from gazesearch.prediction import Requests
from gazesearch.scanpaths import Scanpaths, with_first_fixation

SIZE = (224.0, 224.0)
DENSITIES = [GlobalDensity, FindingDensity, HistoryDensity, ImageMemory]


def people(n: int, seed: int, *, screen: tuple[float, float] = SIZE, prefix: str = "") -> Scanpaths:
    """Paths that wander right for edema and left for fracture, 5 fixations each."""
    rng = np.random.default_rng(seed)
    paths, findings = [], []
    for row in range(n):
        finding = "edema" if row % 2 else "fracture"
        steps = rng.normal((0.12 if row % 2 else -0.12, 0.0), 0.04, (5, 2))
        steps[0] = 0.5
        xy = np.clip(np.cumsum(steps, axis=0), 0.01, 0.99) * screen
        paths.append(np.column_stack([xy, rng.lognormal(-1.2, 0.3, 5)]))
        findings.append(finding)
    images = [f"{prefix}{row // 2}.png" for row in range(n)]
    return Scanpaths.of(paths, image=images, finding=findings, screen_size=screen)


TRAIN = people(60, 0)
VALID = people(20, 1, prefix="v")


def histories() -> tuple[Requests, Scanpaths]:
    """Questions of many kinds: seen and new images, findings, lengths, a place off the screen."""
    known = TRAIN[3].fixations
    past = [known[:0], known[:1], known[:3], known, np.tile(known, (3, 1)), [[-40.0, 500.0, 0.2]]]
    requests = Requests.make(
        ["1.png", "new.png"] * 6, ["edema", "fracture", "pneumonia"] * 4, screen_size=SIZE
    )
    return requests, requests.answered([*past, *past], name="told")


# -- densities


@pytest.mark.parametrize("kind", DENSITIES)
def test_maps_are_densities_whatever_is_asked(kind: type) -> None:
    told = kind().fit(TRAIN, valid=VALID).next_fixation(*histories())
    assert told.log_mass.shape == (12, 56, 56)
    assert np.abs(logsumexp(told.log_mass, axis=(1, 2))).max() < 1e-12
    assert np.isfinite(told.log_mass).all()
    assert np.isneginf(told.log_stop[[0, 6]]).all()
    assert told.duration.mean.shape == (12,)


@pytest.mark.parametrize("kind", DENSITIES)
def test_the_order_of_train_does_not_matter(kind: type) -> None:
    shuffled = TRAIN[np.random.default_rng(3).permutation(len(TRAIN))]
    one = kind().fit(TRAIN, valid=VALID).next_fixation(*histories()).log_mass
    other = kind().fit(shuffled, valid=VALID).next_fixation(*histories()).log_mass
    assert other == pytest.approx(one, abs=1e-12)
    if kind is not ImageMemory:  # counts are whole numbers
        assert (other == one).all()


@pytest.mark.parametrize("kind", DENSITIES)
def test_a_request_is_answered_alike_in_any_batch(kind: type) -> None:
    model = kind().fit(TRAIN, valid=VALID)
    requests, past = histories()
    together = model.next_fixation(requests, past).log_mass
    for row in range(len(requests)):
        alone = model.next_fixation(requests[[row]], past[[row]]).log_mass[0]
        assert alone == pytest.approx(together[row], abs=1e-12)


@pytest.mark.parametrize("kind", DENSITIES)
def test_without_valid_settings_stay_as_given_also_after_a_fit_with_valid(kind: type) -> None:
    model = kind()
    given = model.widths, dict(model.weights)
    model.fit(TRAIN, valid=VALID).fit(TRAIN)
    assert (model.widths, model.weights, model.chosen_on) == (*given, 0)


def test_another_frame_is_the_same_picture_stretched() -> None:
    requests, past = histories()
    double = Requests.make(
        requests.image.tolist(), requests.finding.tolist(), screen_size=(448, 448)
    )
    scaled = [path.fixations * (2, 2, 1) for path in past]
    model = ImageMemory().fit(TRAIN, valid=VALID)
    one = model.next_fixation(requests, past)
    other = model.next_fixation(double, double.answered(scaled, name="told"))
    assert other.log_mass == pytest.approx(one.log_mass, abs=1e-12)


def test_widths_count_in_px_of_a_larger_side_of_224() -> None:
    across, down = Frame.of((400, 300)).spreads(22.4)
    assert (across, down) == pytest.approx((0.1, 40 / 300))
    wide = people(40, 0, screen=(1680.0, 1050.0))
    model = HistoryDensity().fit(wide, valid=wide)
    assert next_fixation_bits(model, wide).mean() > 1


def test_a_finding_is_told_from_the_others_and_the_last_fixation_counts() -> None:
    requests = Requests.make(["x"] * 3, ["edema", "fracture", "edema"], screen_size=SIZE)
    past = requests.answered([[[112, 112]], [[112, 112]], [[180, 112]]], name="told")
    columns = (np.arange(56) + 0.5) * 4

    def middle(kind: type) -> np.ndarray:
        mass = np.exp(kind().fit(TRAIN, valid=VALID).next_fixation(requests, past).log_mass)
        return (mass.sum(axis=1) * columns).sum(axis=1)

    assert np.ptp(middle(GlobalDensity)) == 0
    edema, fracture, _ = middle(FindingDensity)
    assert edema > 112 + 10 > 112 - 10 > fracture
    near, left, far = middle(HistoryDensity)
    assert far > near + 30
    assert near > left + 30


def test_choice_is_made_by_valid_and_by_its_new_images_where_it_has_any() -> None:
    still = Scanpaths.of(
        [np.tile([[30.0, 30.0, 0.2]], (5, 1))] * 8,
        image=[f"s{i}" for i in range(8)],
        finding="edema",
        screen_size=SIZE,
    )
    model = HistoryDensity().fit(TRAIN, valid=still)
    assert model.weights["near"] > 0.9  # who never moves is near the last fixation
    assert model.chosen_on == 32
    assert HistoryDensity().fit(TRAIN, valid=VALID).weights["near"] < 0.5
    mixed = Scanpaths.concat([TRAIN[:20], still])
    assert HistoryDensity().fit(TRAIN, valid=mixed).weights == model.weights
    assert HistoryDensity().fit(TRAIN, valid=TRAIN[:20]).chosen_on == 80  # none is new: all


def test_weights_are_the_likeliest() -> None:
    parts = np.array([[0.5, 0.1], [0.5, 0.1], [0.1, 0.9]])

    def likelihood(share: float) -> float:
        return float(np.log(parts @ [share, 1 - share]).sum())

    share = mixture_weights(parts, (0.5, 0.5))[0]
    best = max(np.linspace(0, 1, 10_001), key=likelihood)
    assert share == pytest.approx(best, abs=2e-4)
    assert mixture_weights(np.ones((4, 2)), (0.75, 0.25)).tolist() == [0.75, 0.25]


# -- image memory


def test_on_new_images_image_memory_is_its_image_free_form_to_the_last_bit() -> None:
    model = ImageMemory().fit(TRAIN, valid=Scanpaths.concat([TRAIN[:10], VALID]))
    free = HistoryDensity().fit(TRAIN, valid=Scanpaths.concat([TRAIN[:10], VALID]))
    assert model.free.weights == free.weights
    requests, past = histories()
    new = requests.image == "new.png"
    told, without = (m.next_fixation(requests, past).log_mass for m in (model, free))
    assert (told[new] == without[new]).all()
    assert (told[~new] != without[~new]).any()


def repeating(shared: bool) -> Scanpaths:
    """Two findings on 40 images, with one path for both, or one each."""
    base = people(80, 9)
    rows = np.arange(80) // 2 * 2 if shared else np.arange(80)
    paths = [base[int(row)].fixations for row in rows]
    return Scanpaths.of(
        paths, image=base.image.tolist(), finding=base.finding.tolist(), screen_size=SIZE
    )


def test_a_repeated_path_is_foreseen_the_more_the_longer_it_agrees() -> None:
    paths = repeating(shared=True)
    # Of the last image the other finding alone is known.
    model = ImageMemory(widths=MemoryWidths(repeat_px=0.5)).fit(paths[:-1])
    told = next_fixation_bits(model, paths[[-1]]).bits
    free = next_fixation_bits(model.free, paths[[-1]]).bits
    assert (told > free + 1).all()
    assert told[-1] > 11  # of log2(3136) = 11.6
    elsewhere = paths[-1].fixations + np.array(
        [0, 80, 0]
    )  # not that path: memory has little to say
    moved = Scanpaths.of(
        [elsewhere], image=[paths[-1].image], finding=[paths[-1].finding], screen_size=SIZE
    )
    told, free = (next_fixation_bits(m, moved).bits for m in (model, model.free))
    assert told[2:] == pytest.approx(free[2:], abs=0.3)


def test_a_path_that_has_ended_is_not_repeated_any_further() -> None:
    long = repeating(shared=True)[-1].fixations
    known = repeating(shared=True)[:-2]
    two = Scanpaths.of(
        [long[:2], long], image=["z", "z"], finding=["edema", "fracture"], screen_size=SIZE
    )
    model = ImageMemory().fit(Scanpaths.concat([known, two]))
    assert next_fixation_bits(model, two[[1]]).bits[2:].min() > 11.4


def test_how_often_paths_repeat_is_counted_by_pairs_of_findings() -> None:
    assert Repeats.of(repeating(shared=True)).share("edema", "fracture") == 0.95
    none = Repeats.of(repeating(shared=False))
    assert none.share("fracture", "edema") == 0
    paths = Scanpaths.concat([repeating(shared=True)[:20], repeating(shared=False)[20:]])
    some = Repeats.of(paths)
    assert some.overall == 0.25
    assert some.share("edema", "fracture") == (10 + 5 * 0.25) / (40 + 5)
    assert some.share("edema", "edema") == 0.25  # no pair of its own: the overall share
    both = some.priors("edema", paths[:2])
    assert both.sum() == pytest.approx(1 - (1 - 0.25) * (1 - some.share("edema", "fracture")))


def test_on_a_phantom_memory_gains_nothing_on_new_images_and_gains_on_a_leaky_split(
    tmp_path: Path,
) -> None:
    recorded = write_phantom(tmp_path, images=9, observers=4, rng=0).scanpaths
    numbers = np.array([sorted(set(recorded.image)).index(name) for name in recorded.image])
    disjoint = numbers % 3 == 0
    model = ImageMemory().fit(recorded[~disjoint], valid=recorded[~disjoint])
    test = recorded[disjoint]
    memory, free = (next_fixation_bits(m, test).bits for m in (model, model.free))
    assert (memory == free).all()
    leaky = recorded.subject.astype(int)  # other people searched the same images
    train, valid, test = (recorded[np.isin(leaky, who)] for who in ([1, 2], [3], [4]))
    model = ImageMemory().fit(train, valid=valid)
    gain = next_fixation_bits(model, test).mean() - next_fixation_bits(model.free, test).mean()
    assert gain > 0.3


def test_a_finding_without_a_later_place_on_the_screen_is_as_unknown() -> None:
    rare = Scanpaths.of(
        [[[112, 112, 0.2], [-9, 112, 0.2]]], image=["r"], finding="mass", screen_size=SIZE
    )
    train = Scanpaths.of(
        [path.fixations for path in (*TRAIN, *rare)],
        image=[*TRAIN.image, *rare.image],
        finding=[*TRAIN.finding, *rare.finding],
        screen_size=SIZE,
    )
    past = rare.fixations[:1]
    asked = Requests.make(["x", "x"], ["mass", "unheard of"], screen_size=SIZE)
    model = HistoryDensity().fit(train)
    known, unknown = model.next_fixation(asked, asked.answered([past, past], name="p")).log_mass
    assert np.array_equal(known, unknown)


# -- user mistakes


def test_bad_settings_and_tables_are_told() -> None:
    with pytest.raises(BadSetting, match="place_px=0"):
        Widths(place_px=0)
    with pytest.raises(BadSetting, match="other_findings=2"):
        Widths(other_findings=2)
    with pytest.raises(BadSetting, match="repeat_px=-1"):
        MemoryWidths(repeat_px=-1)
    with pytest.raises(DataError, match="fit the model"):
        ImageMemory().next_fixation(*histories())
    short = Scanpaths.of([[[1, 1]]], image=["a"], finding="edema", screen_size=SIZE)
    with pytest.raises(DataError, match="no train path has a second fixation"):
        HistoryDensity().fit(short)


# -- the released file


@pytest.mark.parametrize(
    ("kind", "rule", "expected"),
    [
        (GlobalDensity, "as-recorded", (0.847, 0.855, 0.823)),
        (FindingDensity, "as-recorded", (0.904, 0.909, 0.889)),
        (HistoryDensity, "as-recorded", (1.656, 1.709, 1.495)),
        (HistoryDensity, "replace", (1.515, 1.551, 1.405)),
        (ImageMemory, "as-recorded", (2.899, 3.365, 1.495)),
        pytest.param(ImageMemory, "replace", (2.729, 3.168, 1.405), marks=pytest.mark.slow),
    ],
)
def test_densities_reach_the_quoted_bits(
    annotations: Scanpaths, kind: type, rule: str, expected: tuple[float, ...]
) -> None:
    used = with_first_fixation(annotations, rule)
    train, valid = used.where(split="train"), used.where(split="valid")
    test = annotations.where(split="test")
    bits = next_fixation_bits(kind().fit(train, valid=valid), test, first_fixation=rule)
    known = set(train.image)
    seen = np.array([image in known for image in test.image])
    found = bits.mean(), bits.mean(seen), bits.mean(~seen)
    assert found == pytest.approx(expected, abs=0.001)
    assert bits.renormalised == bits.impossible == bits.off_screen == 0
