"""What each metric computes, in words and one formula; the docstrings say the rest."""

_MULTIMATCH = """Both paths become saccade vectors. These are aligned along the cheapest way through the matrix of
their differences |u − v|, each step costing the cell it enters. The value is 1 minus a median over the
pairs of saccades (i, j) on that way:

```text
{formula}
```

{remark}"""

_MAPS = """All fixations of the recorded people of an image and finding make one map, all predicted fixations
another: a Gaussian round each (1/14 of the screen's larger side), sum 1. Order, person and duration are gone.

```text
{formula}
```

{remark}"""

DEFINITIONS = {
    "scanmatch": """Every fixation becomes one of 16 x 12 regions. The two strings are aligned (Needleman and
Wunsch): a matched pair gains by its nearness, a gap costs nothing.

```text
max over alignments of  Σ (1 − d(region of a_i, region of b_j) / 3.5)  /  max(n, m)
```

d is the Euclidean distance in regions, so that pairs more than 3.5 regions apart lose.""",
    "scanmatch_duration": """As ScanMatch, with each region repeated once per 50 ms of its fixation (rounded half to
even): a long look weighs more, and lengths are times.

```text
max over alignments of  Σ (1 − d / 3.5)  /  max(symbols of a, symbols of b)
```""",
    "multimatch_shape": _MULTIMATCH.format(
        formula="1 − median |u_i − v_j| / (2 · diagonal)",
        remark="Saccades are compared as vectors, wherever they start.",
    ),
    "multimatch_direction": _MULTIMATCH.format(
        formula="1 − median angle(u_i, v_j) / π",
        remark="Only which way the eye goes counts, not how far or from where.",
    ),
    "multimatch_length": _MULTIMATCH.format(
        formula="1 − median | |u_i| − |v_j| | / diagonal",
        remark="Only how far the eye goes counts.",
    ),
    "multimatch_position": _MULTIMATCH.format(
        formula="1 − median |start of u_i − start of v_j| / diagonal",
        remark="The last fixation starts no saccade and is not looked at, except through its saccade.",
    ),
    "multimatch_duration": _MULTIMATCH.format(
        formula="1 − median |t_i − t_j| / max(t_i, t_j)",
        remark="t is the duration of the fixation where the saccade starts; the last one is never used.",
    ),
    "string_edit_distance": """Every fixation becomes one of 5 x 5 regions; the fewest insertions, deletions and
substitutions that turn one string into the other.

```text
D(i, j) = min( D(i−1, j) + 1,  D(i, j−1) + 1,  D(i−1, j−1) + [region of a_i ≠ region of b_j] )
```

Not divided by length: shorter predictions have less to get wrong.""",
    "string_edit_distance_published": """As SED, binned as the code released with GazeSearch does: whole steps
floor(side / 5), not clipped. On 224 px the last 4 px make a sixth column that counts as the first of the next row.

```text
region = x // floor(width / 5) + 5 · (y // floor(height / 5))
```""",
    "scaled_time_delay_embedding": """For every window length k up to the shorter path, each window of the
prediction looks for the nearest window of the recorded path, wherever that stands.

```text
mean over k of  exp( − mean over windows w of b of  min over windows v of a of  |w − v| )
```

|w − v| is the mean distance of their k points, in parts of the screen's larger side. Not symmetric: what the
prediction leaves out costs nothing.""",
    "sequence_score": """Mean-shift clusters of all recorded fixations of an image give each fixation a symbol; the
strings are aligned, equal symbols gain 1, all else is free.

```text
longest common subsequence of the two strings / max(n, m)
```

Clusters belong to their source: scores from different references are not comparable.""",
    "dtw": """Each fixation is matched with one or more of the other path, in order, so that the sum of distances is least.

```text
D(i, j) = |a_i − b_j| + min( D(i−1, j), D(i, j−1), D(i−1, j−1) )
```

Not divided by length: long paths are further from everything.""",
    "frechet": """The shortest leash with which two walkers can go their paths to the end and never turn back.

```text
min over monotone matchings of  max over matched pairs of  |a_i − b_j|
```

One stray fixation decides the value.""",
    "hausdorff": """How far the loneliest fixation of either path is from the other path.

```text
max( max over i of min over j of |a_i − b_j|,  max over j of min over i of |a_i − b_j| )
```

The paths are sets of points: order and repeats are gone.""",
    "length_error": """The difference of the numbers of fixations, nothing else.

```text
| n − m |
```""",
    "duration_error": """The mean difference of durations at equal positions; what the longer path has beyond the
shorter one does not count.

```text
mean over i ≤ min(n, m) of  | s_i − t_i |
```""",
    "tfp_area": """The share of trials that have reached the target box by fixation k, averaged over targets, summed over k.

```text
Σ over k = 1..7 of  P(on target by fixation k)
```

It asks for speed, not for likeness: who finds the target sooner than people scores higher than people.""",
    "tfp_mismatch": """How far the same curve is from that of people.

```text
Σ over k = 1..7 of  | P(prediction on target by k) − P(people on target by k) |
```""",
    "scanpath_ratio": """How straight the way to the target was, over trials that reach it at fixation 2 to 7.

```text
min( 1,  distance from fixation 1 to the box's centre / length of the path until on target )
```""",
    "map_cc": _MAPS.format(formula="correlation of the two maps over cells", remark="Symmetric."),
    "map_nss": _MAPS.format(
        formula="mean over recorded fixations of  (predicted map − its mean) / its standard deviation",
        remark="The reference is taken as points: a peaked prediction can score above the people's own map.",
    ),
    "map_kl": _MAPS.format(
        formula="Σ over cells of  p · log(p / q),  p recorded, q predicted",
        remark="In nats. Mass that the prediction lacks where people look costs most.",
    ),
    "map_auc_judd": _MAPS.format(
        formula="area under the curve of  share of fixated cells / share of other cells above a level",
        remark="Only the order of the cells counts, not their heights.",
    ),
    "map_sim": _MAPS.format(
        formula="Σ over cells of  min(p, q)", remark="The mass that the two maps share."
    ),
    "map_information_gain": _MAPS.format(
        formula="mean over recorded fixations of  log2 q − log2 baseline",
        remark="In bits; the baseline is the map of the finding's train fixations. It takes the map as "
        "one density for all fixations; it is not the likelihood of a path.",
    ),
}
"""Text under the heading Definition, by metric."""

OPENING = """No metric sees all of a scanpath, and each can be satisfied by something that is no model of
people. One page a metric; here all of them side by side.

- *does not see*: corruptions that leave the value as it was (OSIE; metrics of target boxes: phantom).
- *right image*: how often a path of the right image scores better than one of another image; 0.5 is chance.
- *gaming*: how far one optimised path that never sees an image gets from a random train path to the average person (OSIE; empty where people score no better than a random path).
- *τ*: Kendall's rank agreement with likelihood over models of known quality on a phantom, two of them too sure of themselves: of the mean over draws, and of the energy form.
- *energy form*: whether the truth is known to win by it on average ([Distributions](../guide/distributions.md))."""
"""What opens the overview."""
