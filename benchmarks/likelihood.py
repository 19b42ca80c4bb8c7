"""Fixation by fixation: what the true density of a phantom reaches, how fast, in how much memory.

python benchmarks/likelihood.py                 10,000 fixations of a phantom, and who is best
python benchmarks/likelihood.py stream FOLDER   a map file of 5 GB, as .npz and as .h5, streamed

The large files are sparse: they take little of the disk, where it can do that.
"""

import resource
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from gazesearch import Scanpaths, load_dataset
from gazesearch.datasets.phantom import Observer, write_phantom
from gazesearch.evaluation import truth_of
from gazesearch.evaluation.likelihood import open_model, score_fixations
from gazesearch.images import ImageFolder
from gazesearch.models.conditional import Conditional
from gazesearch.models.maps import open_maps
from gazesearch.models.maps.hdf5 import Hdf5Sink
from gazesearch.models.maps.npz import NpzSink
from gazesearch.prediction import LogNormal, NextFixation

IMAGES, OBSERVERS = 200, 30
NAMES = ("uniform", "centre-gaussian", "global-density", "finding-density", "history-density")
SHOWN = (
    *("log_likelihood", "overconfidence", "information_gain", "conditional_nss"),
    *("conditional_auc", "duration_log_score", "duration_crps"),
)
SIDE, MAPS = (1680, 1050), 360  # px; of float64: 14 MB each


class Worse(Conditional):
    """The truth made worse: mass raised to a power, odds of stopping and log seconds shifted."""

    needs_images = True
    predicts_durations = True

    def __init__(self, name, *, power=1.0, odds=0.0, log_s=0.0) -> None:
        self.name, self.power, self.odds, self.log_s = name, power, odds, log_s
        self.truth = Observer()

    def next_fixation(self, requests, histories, *, images=None) -> NextFixation:
        told = self.truth.next_fixation(requests, histories, images=images)
        mass = np.exp(self.power * told.log_mass)
        mass /= mass.sum(axis=(1, 2), keepdims=True)
        stop = np.exp(told.log_stop)
        with np.errstate(divide="ignore"):
            log_stop = np.log(stop / (stop + (1 - stop) * np.exp(-self.odds)))
            return NextFixation(
                log_mass=np.log(mass),
                log_stop=log_stop,
                duration=LogNormal(
                    mean=told.duration.mean + self.log_s, spread=told.duration.spread
                ),
            )


def main() -> None:
    with TemporaryDirectory() as made:
        folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(made) / "phantom"
        if not folder.exists():
            write_phantom(folder, images=IMAGES, observers=OBSERVERS, rng=0)
        truth = truth_of(load_dataset(folder).scanpaths, split="test")
        source = ImageFolder(folder / "images")
        images = {name: source[name] for name in set(truth.scored.image)}
        models = [Observer(), *(open_model(name, truth).model for name in NAMES)]
        models += [Worse(f"mass to the power {power}", power=power) for power in POWERS]
        models += [Worse("stops sooner", odds=0.7), Worse("stops later", odds=-0.7)]
        models += [Worse("looks longer", log_s=0.2), Worse("looks shorter", log_s=-0.2)]
        for model in models:
            report(model, truth, images)


POWERS = (0.5, 0.8, 1.25, 2.0)


def report(model, truth, images) -> None:
    start, cpu = time.perf_counter(), time.process_time()
    found = score_fixations(model, truth, images=images)
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    ends = found.intervals()
    cells = []
    for name in SHOWN:
        interval = ends[name]
        mean = found.summary(name).mean
        cells.append(f"{name} {mean:.4f} [{interval.low:.4f}, {interval.high:.4f}]")
    stop, error = found.termination.summary(), found.termination.calibration().error
    cells.append(f"stop_log_score {stop.mean:.4f} calibration_error {error:.4f}")
    took = f"{seconds:.1f} s ({cpu:.1f} s of CPU)"
    print(f"{model.name}: {len(found):,} fixations in {took}, {memory()}")
    print("   " + ", ".join(cells), flush=True)


def stream(folder: Path) -> None:
    rng = np.random.default_rng(0)
    paths = [rng.uniform(0, 1, (MAPS // 60 + 1, 2)) * SIDE for _ in range(60)]
    names = [f"{number}.png" for number in range(60)]
    recorded = Scanpaths.of(paths, image=names, finding="edema", screen_size=SIDE)
    truth = truth_of(recorded, first_fixation="replace")
    for suffix, sink in ((".npz", SparseNpz), (".h5", SparseHdf5)):
        file = folder / f"maps{suffix}"
        if not file.exists():
            fill(file, sink, truth.scored)
        status = file.stat()
        before, start = memory(), time.perf_counter()
        found = score_fixations(open_maps(file), truth)
        print(
            f"{file.name}: {status.st_size / 1e9:.2f} GB ({status.st_blocks * 512 / 1e9:.2f} on "
            f"disk), {len(found)} maps in {time.perf_counter() - start:.0f} s; {before} before, "
            f"{memory()} after; {found.summary().mean:.4f} bits",
            flush=True,
        )
        file.unlink()


def fill(file: Path, sink, used: Scanpaths) -> None:
    """Maps that are 0 but for two cells: half the mass is where the fixation fell."""
    with sink(file) as made:
        made.add("image", used.image.astype(np.str_))
        made.add("finding", used.finding.astype(np.str_))
        made.add("lengths", used.lengths)
        made.add("fixations", used.fixations[:, :2])
        made.add("screen_size", np.array(SIDE, np.float64))
        for row, path in enumerate(used):
            for position, (x, y) in enumerate(path.fixations[:, :2].astype(int), 1):
                if position > 1:
                    mass = np.zeros(SIDE[::-1])
                    mass[y, x] = 0.5
                    mass[y, (x + 1) % SIDE[0]] = 0.5
                    made.add(f"mass/{row}/{position}", mass)


class Holes:
    """A file in which blocks of zeros are left out."""

    def __init__(self, path: Path) -> None:
        self.file = path.open("wb+")

    def write(self, data) -> int:
        view = memoryview(data).cast("B")
        for start in range(0, len(view), 2**16):
            part = view[start : start + 2**16]
            if bytes(part).count(0) == len(part):
                self.file.seek(len(part), 1)
            else:
                self.file.write(part)
        return len(view)

    def __getattr__(self, name):
        return getattr(self.file, name)


class SparseNpz(NpzSink):
    def __init__(self, path: Path) -> None:
        super().__init__(Holes(path))


class SparseHdf5(Hdf5Sink):
    def add(self, name, values) -> None:
        if not name.startswith("mass/"):
            super().add(name, values)
            return
        # Space is taken, zeros are never written: holes read as zeros.
        shape = self._h5py.h5s.create_simple(values.shape)
        plan = self._h5py.h5p.create(self._h5py.h5p.DATASET_CREATE)
        plan.set_alloc_time(self._h5py.h5d.ALLOC_TIME_EARLY)
        plan.set_fill_time(self._h5py.h5d.FILL_TIME_NEVER)
        parent, _, last = name.rpartition("/")
        group = self._file.require_group(parent)
        self._h5py.h5d.create(group.id, last.encode(), self._h5py.h5t.NATIVE_DOUBLE, shape, plan)
        for y, x in np.argwhere(values):
            self._file[name][y, x] = values[y, x]


def memory() -> str:
    return f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MiB at most"


if __name__ == "__main__":
    if sys.argv[1:2] == ["stream"]:
        stream(Path(sys.argv[2]))
    else:
        main()
