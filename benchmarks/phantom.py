"""What phantom-v1 is like: how much observers agree, and how much of it only the image explains.

    python benchmarks/phantom.py FOLDER [IMAGES]

Makes the phantom in FOLDER (seed 0, 4 observers) unless it is there, and prints:
1. ScanMatch of observer against observer, all ordered pairs of people of an (image, finding);
2. the best image-free path: per finding a path optimised on train by coordinate ascent over the
   16 x 12 bins, from the best train path of each length 3 to 7, at most 20 sweeps; test paths;
3. bits per fixation (2..n, as recorded) over the uniform: the true density, and an image-free one
   of finding, position and history, fitted on train, kernel widths chosen on valid; test paths.
   Image-free: log mass = a log(density of the finding at this position, mixed with that of the
   finding at all positions and a uniform) + hills round the last and round all earlier fixations,
   coefficients by maximum likelihood; all that the true density has but the image;
4. ScanMatch to the observers, less that of observer against observer, with 95% intervals by
   bootstrap over images: of the typical path of 64 draws (test; also less the best image-free
   path), and of samples drawn as each person and scored against the others (all images);
5. whether 100,000 searches are drawn as told: p values of first moves (chi-square), of stopping
   (normal approximation of the binomial) and of durations (Kolmogorov-Smirnov).
"""

import sys
import time
from pathlib import Path

import numpy as np
from scipy import stats
from scipy.ndimage import gaussian_filter
from scipy.optimize import minimize

from gazesearch import load_dataset, metrics
from gazesearch.datasets.phantom import Observer, write_phantom
from gazesearch.datasets.phantom.walks import walk
from gazesearch.findings import FINDINGS
from gazesearch.images import ImageFolder
from gazesearch.models import decoding
from gazesearch.prediction import Requests
from gazesearch.scanpaths import Scanpaths

SCREEN = (224.0, 224.0)
CELLS = 56
WIDTHS = (1.0, 1.5, 2.0, 3.0, 4.0, 6.0)  # of kernels, cells
HILLS_PX = (8.0, 16.0, 32.0, 64.0)
SAMPLES = 4
ALL = 2000  # transitions that the coefficients are fitted on, at most


def agreement(paths):
    """Mean ScanMatch of ordered pairs of different people, one number an (image, finding)."""
    means = []
    for group in paths.group("name", "task").values():
        table = metrics.pairwise("scanmatch", group, group, SCREEN)
        means.append(table[~np.eye(len(group), dtype=bool)].mean())
    return np.array(means)


def fixed_path(train):
    """The path of highest mean ScanMatch to some paths that coordinate ascent finds, (n, 2)."""
    columns, rows = np.meshgrid(np.arange(16) + 0.5, np.arange(12) + 0.5)
    bins = np.column_stack([columns.ravel() * 14, rows.ravel() * 224 / 12])
    start = bins[8 + 16 * 6]
    means = metrics.pairwise("scanmatch", train, train, SCREEN).mean(axis=0)
    best, best_score = None, -1.0
    for length in range(3, 8):
        candidates = np.flatnonzero(train.lengths == length)
        if not len(candidates):
            continue
        path = train[int(candidates[means[candidates].argmax()])].fixations[:, :2].copy()
        path[0] = start
        score = metrics.pairwise("scanmatch", train, [path], SCREEN).mean()
        for _ in range(20):
            before = score
            for k in range(1, length):
                tries = np.repeat(path[None], len(bins), axis=0)
                tries[:, k] = bins
                scores = metrics.pairwise("scanmatch", train, list(tries), SCREEN).mean(axis=0)
                if scores.max() > score + 1e-12:
                    path[k], score = bins[scores.argmax()], scores.max()
            if score <= before:
                break
        if score > best_score:
            best, best_score = path, score
    return best


def transitions(paths):
    """Path, index of the fixation that comes next, its cell: one row for fixations 2..n."""
    path = np.repeat(np.arange(len(paths)), paths.lengths)
    index = np.arange(len(path)) - paths.offsets[:-1][path]
    cell = np.floor(paths.fixations[:, :2] / 4).astype(int)
    later = index > 0
    return path[later], index[later], (cell[:, 1] * CELLS + cell[:, 0])[later]


def true_bits(paths, images):
    path, index, cell = transitions(paths)
    observer, bits = Observer(), []
    for rows in np.array_split(np.arange(len(path)), len(path) // 256 + 1):
        pasts = [paths[int(p)].fixations[:k] for p, k in zip(path[rows], index[rows], strict=True)]
        requests = Requests.of(paths)[path[rows]]
        told = observer.next_fixation(
            requests, requests.answered(pasts, name="past"), images=images
        )
        log_mass = told.log_mass.reshape(len(rows), -1)[np.arange(len(rows)), cell[rows]]
        bits.append((log_mass + 2 * np.log(CELLS)) / np.log(2))
    return np.concatenate(bits)


class ImageFree:
    """A density of finding, position and history, of one kernel width."""

    def __init__(self, train, width):
        path, index, cell = transitions(train)
        self.maps = {}
        finding = np.array([FINDINGS.index(name) for name in train.finding])[path]
        for f in range(len(FINDINGS)):
            overall = self.density(cell[finding == f], width)
            for k in range(1, 7):
                here = self.density(cell[(finding == f) & (index == k)], width * 1.5)
                self.maps[f, k] = np.log(0.5 * here + 0.48 * overall + 0.02 / CELLS**2)
        some = np.random.default_rng(0).permutation(len(path))[:ALL]
        features, cell = self.features(train, some)
        seen = features[np.arange(len(some)), cell].mean(axis=0)

        def loss(weights):
            score = features @ weights.astype(np.float32)
            most = score.max(axis=1, keepdims=True)
            mass = np.exp(score - most)
            total = mass.sum(axis=1, keepdims=True)
            gradient = np.einsum("np,npf->f", mass / total, features) / len(features) - seen
            return float((np.log(total) + most).mean() - seen @ weights), gradient.astype(float)

        start = np.zeros(features.shape[2])
        start[0] = 1.0
        self.weights = minimize(loss, start, jac=True, method="L-BFGS-B").x

    @staticmethod
    def density(cells, width):
        counts = np.bincount(cells, minlength=CELLS**2).reshape(CELLS, CELLS).astype(float)
        smooth = gaussian_filter(counts, width).ravel() + 1e-9
        return smooth / smooth.sum()

    def features(self, paths, rows):
        path, index, cell = (column[rows] for column in transitions(paths))
        finding = [FINDINGS.index(name) for name in paths.finding[path]]
        prior = np.stack([self.maps[key] for key in zip(finding, index.tolist(), strict=True)])
        out = [prior]
        centre = (np.arange(CELLS) + 0.5) * 4
        for hill in HILLS_PX:
            last, earlier = np.zeros((2, len(rows), CELLS, CELLS))
            for row, (p, k) in enumerate(zip(path, index, strict=True)):
                xy = paths.fixations[paths.offsets[p] : paths.offsets[p] + k, :2]
                across = np.exp(-0.5 * ((centre - xy[:, :1]) / hill) ** 2)
                down = np.exp(-0.5 * ((centre - xy[:, 1:]) / hill) ** 2)
                hills = down[:, :, None] * across[:, None, :]
                last[row], earlier[row] = hills[-1], hills[:-1].sum(axis=0)
            out += [last.reshape(len(rows), -1), earlier.reshape(len(rows), -1)]
        return np.stack(out, axis=-1).astype(np.float32), cell

    def bits(self, paths):
        every = np.arange(len(transitions(paths)[0]))
        values = []
        for rows in np.array_split(every, len(every) // 256 + 1):
            features, cell = self.features(paths, rows)
            score = features.astype(float) @ self.weights
            score -= score.max(axis=1, keepdims=True)
            log_mass = score - np.log(np.exp(score).sum(axis=1, keepdims=True))
            values.append(log_mass[np.arange(len(rows)), cell])
        return (np.concatenate(values) + 2 * np.log(CELLS)) / np.log(2)


def samples(paths, images):
    """ScanMatch of samples, drawn as each person, to the other people, less that of the person.

    One number an (image, finding), and its image.
    """
    drawn = Observer().sample(Requests.of(paths), SAMPLES, images=images, rng=7)
    rows_of = {}
    for row, key in enumerate(zip(paths.image, paths.finding, strict=True)):
        rows_of.setdefault(key, []).append(row)
    means = []
    for rows in map(np.array, rows_of.values()):
        mine = (rows[:, None] * SAMPLES + np.arange(SAMPLES)).ravel()
        table = metrics.pairwise("scanmatch", paths[rows], drawn[mine], SCREEN)
        others = ~np.eye(len(rows), dtype=bool)
        people = metrics.pairwise("scanmatch", paths[rows], paths[rows], SCREEN)
        sampled = table[np.repeat(others, SAMPLES, axis=1)].mean()
        means.append(sampled - people[others].mean())
    return np.array(means), np.array([image for image, _ in rows_of])


def typical(test, images):
    """ScanMatch of the typical path of 64 to the observers, one number an (image, finding)."""
    groups = test.group("name", "task")
    names, findings = zip(*groups, strict=True)
    asked = Requests.make(names, findings, screen_size=SCREEN)
    answers = decoding.typical(Observer(), asked, images=images, rng=7)
    return np.array(
        [
            metrics.pairwise("scanmatch", people, answers[k : k + 1], SCREEN).mean()
            for k, people in enumerate(groups.values())
        ]
    ), np.array(names)


def interval(values, clusters):
    """Mean over (image, finding) and its 95% interval by bootstrap over images."""
    _, number = np.unique(clusters, return_inverse=True)
    sums, counts = np.bincount(number, values), np.bincount(number)
    picks = np.random.default_rng(0).integers(len(sums), size=(10_000, len(sums)))
    low, high = np.percentile(sums[picks].sum(axis=1) / counts[picks].sum(axis=1), [2.5, 97.5])
    return f"{values.mean():+.4f} [{low:+.4f}, {high:+.4f}]"


def drawn(paths, images, n=100_000):
    """p values of first moves, stopping and durations of n searches of one kind."""
    observer, one = Observer(), Requests.of(paths)[:1]
    many = one[np.zeros(n, int)]
    found = Scanpaths.of(
        walk(observer, many, images=images, rng=1, longest=4),
        image=many.image.tolist(),
        finding=many.finding.tolist(),
        info=paths.info,
    )

    def told(pasts):
        asked = one[np.zeros(len(pasts), int)]
        return observer.next_fixation(asked, asked.answered(pasts, name="past"), images=images)

    start = np.array([[112.0, 112.0, 0.2]])
    wanted = np.exp(told([start]).log_mass[0]).ravel() * n
    _, index, cell = transitions(found)
    counts = np.bincount(cell[index == 1], minlength=CELLS**2)
    often = wanted >= 5
    seen, wanted = (np.append(v[often], v[~often].sum()) for v in (counts, wanted))
    moves = stats.chisquare(seen, wanted * seen.sum() / wanted.sum()).pvalue
    hazard, z = [], []
    for rows in np.array_split(np.arange(n), n // 500):
        pasts = [found[int(row)].fixations[:3] for row in rows]
        answer = told(pasts)
        goes_on = found.lengths[rows] == 4
        hazard += np.column_stack([np.exp(answer.log_stop), ~goes_on]).tolist()
        last = found.fixations[found.offsets[1:][rows] - 1, 2]
        scaled = (np.log(last) - answer.duration.mean) / answer.duration.spread
        z += scaled[goes_on].tolist()
    expected, ended = np.array(hazard).T
    surplus = (ended - expected).sum() / np.sqrt((expected * (1 - expected)).sum())
    return moves, 2 * stats.norm.sf(abs(surplus)), stats.kstest(z, "norm").pvalue


def main():
    folder = Path(sys.argv[1])
    if not (folder / "dataset.json").exists():
        start = time.perf_counter()
        write_phantom(folder, images=int(sys.argv[2]) if len(sys.argv) > 2 else 500, rng=0)
        print(f"made in {time.perf_counter() - start:.0f} s")
    report(load_dataset(folder).scanpaths, ImageFolder(folder / "images"))


def report(paths, images):
    names = "first moves {:.3f}, stopping {:.3f}, durations {:.3f}"
    print("p values of 100,000 draws:", names.format(*drawn(paths, images)))
    train, valid, test = (paths.where(split=split) for split in ("train", "valid", "test"))
    print(f"{paths}; lengths {np.bincount(paths.lengths).tolist()}")
    print(f"ends on target: {paths.columns['fixOnTarget'].astype(float).mean():.2f}")
    everybody, people = agreement(paths), agreement(test)
    print(f"observer against observer: {everybody.mean():.3f} (test {people.mean():.3f})")
    fixed = {name: fixed_path(group) for name, group in train.group("task").items()}
    answers = [fixed[name] for name in test.finding]
    free = metrics.paired(["scanmatch"], test, answers, screen_size=SCREEN)["scanmatch"]
    below = people.mean() - free.mean()
    print(f"image-free path: {free.mean():.3f}, below observers by {below:.3f}")
    keys = test.group("name", "task")
    places = {key: number for number, key in enumerate(keys)}
    pair = [places[key] for key in zip(test.image, test.finding, strict=True)]
    free_means = np.bincount(pair, free) / np.bincount(pair)
    best, names = typical(test, images)
    print(
        f"typical of 64: {best.mean():.3f}; less observers {interval(best - people, names)}; "
        f"less the image-free path {interval(best - free_means, names)}"
    )
    print(
        f"samples as each person, less observers, all images: {interval(*samples(paths, images))}"
    )
    truth = true_bits(test, images)
    models = {width: ImageFree(train, width) for width in WIDTHS}
    width = max(models, key=lambda width: models[width].bits(valid).mean())
    bits = models[width].bits(test)
    print(
        f"bits: true {truth.mean():.2f}, image-free {bits.mean():.2f} (width {width} cells), "
        f"gain {truth.mean() - bits.mean():.2f}"
    )
    print(f"  {'test, by finding':27}  people    free    true    free (ScanMatch, bits)")
    for name in FINDINGS:
        mine = test.finding == name
        late = mine[transitions(test)[0]]
        values = agreement(test[mine]), free[mine], truth[late], bits[late]
        print(f"  {name:27}" + "".join(f"{value.mean():8.3f}" for value in values))


if __name__ == "__main__":
    main()
