"""Maps made elsewhere: files that are read map by map, functions, and what is refused."""

from __future__ import annotations

import sys
import tracemalloc
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gazesearch.errors import BadSetting, DataError, GazeSearchError, MissingExtra, UnreadableFile
from gazesearch.evaluation import truth_of
from gazesearch.evaluation.likelihood import open_model, score_fixations
from gazesearch.models.controls import HistoryDensity, Uniform
from gazesearch.models.maps import from_function, open_maps, write_maps
from gazesearch.prediction import Requests
from gazesearch.scanpaths import Scanpaths

SIZE = (224.0, 224.0)


def people(n: int) -> Scanpaths:
    rng = np.random.default_rng(0)
    paths = [
        np.column_stack([rng.uniform(0, 224, (4, 2)), rng.lognormal(-1, 0.3, 4)]) for _ in range(n)
    ]
    return Scanpaths.of(
        paths, image=[f"{k // 2}.png" for k in range(n)], finding="edema",
        subject=[k % 2 for k in range(n)], screen_size=SIZE,
    )  # fmt: skip


PATHS = people(6)
MODEL = HistoryDensity().fit(people(30))


@pytest.fixture(params=[".npz", ".h5"])
def suffix(request: pytest.FixtureRequest) -> str:
    if request.param == ".h5":
        pytest.importorskip("h5py", reason="h5py (extra bridges) is not installed")
    return str(request.param)


@pytest.mark.parametrize("rule", ["as-recorded", "replace", "prepend"])
def test_a_model_scores_the_same_from_its_file(suffix: str, rule: Any, tmp_path: Path) -> None:
    file = tmp_path / f"mine{suffix}"
    write_maps(file, MODEL, PATHS, first_fixation=rule, batch=5)
    truth = truth_of(PATHS, first_fixation=rule)
    opened = open_model(str(file), truth)
    assert opened.model.name == "mine"
    assert opened.origin.startswith(f"mine{suffix} sha256:")
    found, own = (score_fixations(model, truth) for model in (opened.model, MODEL))
    assert found.values.keys() == own.values.keys()
    for name, values in own.values.items():
        assert np.array_equal(found.values[name], values, equal_nan=True), name
    assert found.termination is not None
    assert own.termination is not None
    assert np.array_equal(found.termination.log_stop, own.termination.log_stop)
    opened.model.close()  # type: ignore[attr-defined]


def test_float32_changes_nothing_that_matters_and_float16_is_too_coarse(tmp_path: Path) -> None:
    file = tmp_path / "small.npz"
    write_maps(file, MODEL, PATHS, dtype="float32")
    found, own = (score_fixations(model, PATHS) for model in (open_maps(file), MODEL))
    assert found.values["log_likelihood"] == pytest.approx(own.values["log_likelihood"], abs=1e-5)
    coarse = np.full((56, 56), -2 * np.log(56), np.float16)
    model = from_function(lambda *_: coarse, name="coarse", as_log=True)
    with pytest.raises(DataError, match="the log masses sum to log 1.00384: normalise them"):
        score_fixations(model, PATHS)


def parts(**changes: Any) -> dict[str, Any]:
    """A file of one record: fixations at (10, 10), (200, 10), a map of the second."""
    made = {
        "image": np.array(["a.png"]),
        "finding": np.array(["edema"]),
        "lengths": np.array([2]),
        "fixations": np.array([[10.0, 10.0], [200.0, 10.0]]),
        "screen_size": np.array(SIZE),
        "mass/0/2": np.array([[0.25, 0.75]]),
    } | changes
    return {name: value for name, value in made.items() if value is not None}


def asked(**changes: Any) -> tuple[Requests, Scanpaths]:
    given: dict[str, Any] = {"image": "a.png", "finding": "edema", "at": (10.0, 10.0)} | changes
    requests = Requests.make(
        [given["image"]], given["finding"], screen_size=given.get("size", SIZE),
        subject=given.get("subject"),
    )  # fmt: skip
    return requests, requests.answered([[given["at"]]], name="past")


def told(file: Path, **changes: Any) -> np.ndarray:
    return np.exp(open_maps(file).next_fixation(*asked(**changes)).log_mass)


def test_a_file_made_by_numpy_alone_is_read(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "theirs.npz", **parts())
    assert told(tmp_path / "theirs.npz") == pytest.approx(np.array([[[0.25, 0.75]]]))
    np.savez(tmp_path / "logs.npz", **parts(**{
        "mass/0/2": None, "log_mass/0/2": np.asfortranarray(np.log([[0.25, 0.75]]), np.float32),
    }))  # fmt: skip
    assert told(tmp_path / "logs.npz") == pytest.approx(np.array([[[0.25, 0.75]]]))


def test_a_file_made_by_h5py_alone_is_read(tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py", reason="h5py (extra bridges) is not installed")
    with h5py.File(tmp_path / "theirs.h5", "w") as file:
        for name, values in parts(image=["a.png"], finding=["edema"]).items():
            zipped = {"compression": "gzip"} if "mass" in name else {}
            file.create_dataset(name, data=values, **zipped)
    assert told(tmp_path / "theirs.h5") == pytest.approx(np.array([[[0.25, 0.75]]]))


def test_a_map_is_given_for_its_own_history_and_no_other(tmp_path: Path) -> None:
    np.savez(tmp_path / "m.npz", **parts(subject=np.array(["7"])))
    assert told(tmp_path / "m.npz", at=(10.004, 10.0)).shape == (1, 1, 2)
    assert told(tmp_path / "m.npz", subject=[7]).shape == (1, 1, 2)
    for other in (
        {"at": (11.0, 10.0)}, {"image": "b.png"}, {"finding": "fracture"}, {"subject": [8]},
    ):  # fmt: skip
        with pytest.raises(DataError, match="after these 1 fixations: make the maps for"):
            told(tmp_path / "m.npz", **other)
    with pytest.raises(DataError, match="record 0 is of a screen of 224x224 px"):
        told(tmp_path / "m.npz", size=(100.0, 100.0))


def test_of_two_records_with_one_history_the_one_that_goes_on_has_the_map(tmp_path: Path) -> None:
    ended_first = parts(
        image=np.array(["a.png"] * 2), finding=np.array(["edema"] * 2), lengths=np.array([1, 2]),
        fixations=np.array([[10.0, 10.0], [10.0, 10.0], [200.0, 10.0]]),
        **{"mass/0/2": None, "mass/1/2": np.array([[0.25, 0.75]])},
    )  # fmt: skip
    np.savez(tmp_path / "m.npz", **ended_first)
    assert told(tmp_path / "m.npz") == pytest.approx(np.array([[[0.25, 0.75]]]))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"lengths": None}, "lengths: is absent"),
        ({"mass/0/2": None}, "holds no map: name them"),
        ({"mass/0/2": np.ones(4)}, r"mass/0/2: shape \(4,\): must be \(h, w\)"),
        ({"mass/0/2": np.array([[-1.0, 2.0]])}, "mass/0/2: has a mass below 0 or NaN"),
        ({"mass/0/2": np.array([[1, 0]])}, "mass/0/2: int64 of shape .* must be floats"),
        ({"finding": np.array(["edema", "edema"])}, "finding: .* there are 1 records"),
        ({"fixations": np.zeros((3, 2))}, r"fixations: .* must be numbers of shape \(2, 2\)"),
        ({"fixations": np.full((2, 2), np.nan)}, "fixations: holds a number that is not finite"),
        ({"screen_size": np.array([0.0, 1.0])}, "screen_size: must be width and height"),
        ({"log_stop": np.array([0.1, 0.0])}, "log_stop: must be log probabilities"),
        ({"duration": np.array([[0.1, 0.0], [0.0, 1.0]])}, "duration: must be mean and spread"),
        ({"image": np.array([{"a": 1}], object)}, "image: holds Python objects, which are never"),
    ],
    ids=str,
)
def test_what_does_not_fit_is_refused_in_one_line(
    changes: dict[str, Any], said: str, tmp_path: Path
) -> None:
    np.savez(tmp_path / "m.npz", **parts(**changes))
    with pytest.raises(DataError, match=said) as error:
        told(tmp_path / "m.npz")
    assert "\n" not in str(error.value)
    assert "m.npz" in str(error.value)


def test_a_member_that_claims_too_much_is_refused_before_it_is_read(tmp_path: Path) -> None:
    """A zip bomb: 16 GB of zeros in 16 MB, or a header that says more than there is."""
    np.savez(tmp_path / "m.npz", **parts(**{"mass/0/2": None}))
    header = b"\x93NUMPY\x01\x00\x76\x00" + (
        b"{'descr': '<f8', 'fortran_order': False, 'shape': (50000, 40000), }".ljust(117) + b"\n"
    )
    with zipfile.ZipFile(tmp_path / "m.npz", "a", zipfile.ZIP_DEFLATED) as file:
        file.writestr("mass/0/2.npy", header + bytes(1000))
    with pytest.raises(DataError, match="1,128 bytes do not hold"):
        open_maps(tmp_path / "m.npz")
    np.savez_compressed(tmp_path / "big.npz", **parts(**{"mass/0/2": np.zeros((4097, 4097), "f2")}))
    with pytest.raises(DataError, match=r"must be \(h, w\), of 1 to 16,777,216 cells"):
        open_maps(tmp_path / "big.npz")


@pytest.mark.parametrize("suffix", [".npz", ".h5"])
def test_damaged_files_are_refused(suffix: str, tmp_path: Path) -> None:
    if suffix == ".h5":
        pytest.importorskip("h5py", reason="h5py (extra bridges) is not installed")
    file = tmp_path / f"m{suffix}"
    write_maps(file, Uniform().fit(PATHS), PATHS)
    whole = file.read_bytes()
    rng = np.random.default_rng(0)
    for cut in (0, 10, len(whole) // 2, len(whole) - 30):
        file.write_bytes(whole[:cut])
        with pytest.raises(DataError):
            score_fixations(open_maps(file), PATHS)
    for _ in range(40):
        damaged = bytearray(whole)
        for at in rng.integers(0, len(whole), 3):
            damaged[at] ^= 0xFF
        file.write_bytes(damaged)
        with suppress(GazeSearchError):  # a number may change that nobody can tell from another
            score_fixations(open_maps(file), PATHS)
    assert file.is_file()


@pytest.mark.parametrize("kind", ["external link", "soft link", "external data", "virtual"])
def test_hdf5_leads_to_no_other_file(kind: str, tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py", reason="h5py (extra bridges) is not installed")
    with h5py.File(tmp_path / "other.h5", "w") as other:
        other["secret"] = np.array([[0.25, 0.75]])
    with h5py.File(tmp_path / "m.h5", "w") as file:
        for name, values in parts(image=["a.png"], finding=["edema"]).items():
            if name != "mass/0/2":
                file[name] = values
        if kind == "external link":
            file["mass/0/2"] = h5py.ExternalLink("other.h5", "/secret")
        elif kind == "soft link":
            file["mass/0/2"] = h5py.SoftLink("/fixations")
        elif kind == "external data":
            file.create_dataset("mass/0/2", (1, 2), "f8", external=[("other.h5", 0, 16)])
        else:
            layout = h5py.VirtualLayout((1, 2), "f8")
            layout[:] = h5py.VirtualSource(tmp_path / "other.h5", "secret", (1, 2))
            file.create_virtual_dataset("mass/0/2", layout)
    with pytest.raises(DataError, match="link to elsewhere|lie in another file"):
        told(tmp_path / "m.h5")


def test_one_long_text_does_not_make_all_as_wide(tmp_path: Path) -> None:
    """Half a megabyte of file, which took 4.7 GB: 3,000 names, the first 200,000 characters."""
    h5py = pytest.importorskip("h5py", reason="h5py (extra bridges) is not installed")
    records = 100
    held = parts(
        image=["x" * 200_000] + ["a.png"] * (records - 1), finding=["edema"] * records,
        lengths=np.full(records, 2), fixations=np.zeros((2 * records, 2)),
    )  # fmt: skip
    with h5py.File(tmp_path / "m.h5", "w") as file:
        for name, values in held.items():
            file[name] = values
    tracemalloc.start()
    with pytest.raises(DataError, match="image: a text of 200,000 characters: over 4,096"):
        open_maps(tmp_path / "m.h5")
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 10e6


@pytest.mark.parametrize("kind", ["references", "lists of numbers"])
def test_names_that_are_no_texts_are_refused(kind: str, tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py", reason="h5py (extra bridges) is not installed")
    with h5py.File(tmp_path / "m.h5", "w") as file:
        for name, values in parts(image=None, finding=["edema"]).items():
            file[name] = values
        dtype = h5py.ref_dtype if kind == "references" else h5py.vlen_dtype("i4")
        names = file.create_dataset("image", (1,), dtype=dtype)
        names[0] = file["finding"].ref if kind == "references" else [1, 2]
    with pytest.raises(DataError, match="image: holds neither numbers nor texts"):
        open_maps(tmp_path / "m.h5")


def test_without_h5py_the_line_to_install_it_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "h5py", None)
    (tmp_path / "m.h5").write_bytes(b"")
    for work in (open_maps, lambda file: write_maps(file, MODEL, PATHS)):
        with pytest.raises(MissingExtra, match=r"pip install 'gazesearch\[bridges\]'"):
            work(tmp_path / "m.h5")


def test_other_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="no such file"):
        open_maps(tmp_path / "none.npz")
    (tmp_path / "maps.pkl").write_bytes(b"")
    with pytest.raises(BadSetting, match="maps are read from .npz, .h5, .hdf5"):
        open_maps(tmp_path / "maps.pkl")
    with pytest.raises(BadSetting, match="maps are written as"):
        write_maps(tmp_path / "maps.zip", MODEL, PATHS)
    assert not (tmp_path / "maps.zip").exists()


# -- functions


def test_a_function_is_asked_with_image_finding_and_history() -> None:
    calls = []

    def guess(image: Any, finding: str, history: np.ndarray) -> list[list[float]]:
        calls.append((image, finding, history.tolist()))
        return [[0.25, 0.75]]

    requests, histories = asked()
    named = from_function(guess, name="guess")
    assert np.exp(named.next_fixation(requests, histories).log_mass).tolist() == [[[0.25, 0.75]]]
    seeing = from_function(guess, name="guess", needs_images=True)
    seeing.next_fixation(requests, histories, images={"a.png": np.ones((1, 1))})
    assert calls[0] == ("a.png", "edema", [[10.0, 10.0]])
    assert calls[1][0].shape == (1, 1)


def test_what_a_function_returns_is_checked() -> None:
    for wrong, said in (([1.0], "must be"), ([[-1.0, 2.0]], "below 0"), ([[np.nan]], "below 0")):
        with pytest.raises(DataError, match=f"bad: image a.png, finding edema: .*{said}"):
            from_function(lambda *_, wrong=wrong: wrong, name="bad").next_fixation(*asked())
