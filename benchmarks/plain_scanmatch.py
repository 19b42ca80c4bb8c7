"""ScanMatch as one page of numpy and Python lists: the peer that `metrics.py` times.

The definition without any thought for speed (Cristino et al. 2010): regions and substitution
scores with numpy, the alignment of Needleman and Wunsch 1970 cell by cell.
"""

import numpy as np


def scanmatch(a, b, screen_size, *, bins=(16, 12), threshold=3.5, temporal_bin_ms=None):
    """Similarity of two scanpaths, (n, 3) and (m, 3): x px, y px, duration s."""
    a, b = (_regions(path, screen_size, bins, temporal_bin_ms) for path in (a, b))
    if len(a) == 0 or len(b) == 0:
        return float("nan")
    distance = np.linalg.norm(a[:, None] - b[None, :], axis=-1)  # (n, m), in bins
    return needleman_wunsch(threshold - distance, gap=0.0) / (threshold * max(len(a), len(b)))


def _regions(path, screen_size, bins, temporal_bin_ms):
    """Column and row of the region under each fixation, shape (k, 2)."""
    path = np.asarray(path, dtype=np.float64).reshape(-1, 3)
    xy = np.clip(np.trunc(path[:, :2]), 0, np.asarray(screen_size) - 1)
    regions = np.floor(xy * bins / np.asarray(screen_size))
    if temporal_bin_ms is None:
        return regions
    # Whole ms first, as published: it decides ties (225.59 ms / 50 ms makes 4 symbols, not 5).
    repeats = np.rint(np.trunc(path[:, 2] * 1000) / temporal_bin_ms).astype(np.intp)
    return np.repeat(regions, repeats, axis=0)


def needleman_wunsch(scores, gap):
    """Largest total of an alignment, given what matching each pair of symbols scores, (n, m)."""
    scores = scores.tolist()
    above = [j * gap for j in range(len(scores[0]) + 1)]
    best = above[-1]
    for i, row in enumerate(scores, start=1):
        left = i * gap
        current = [left]
        for j, score in enumerate(row, start=1):
            left = max(above[j - 1] + score, above[j] + gap, left + gap)
            current.append(left)
        best = max(best, max(current))
        above = current
    return best
