"""README and front page: how far rule and leak move one score of the released predictions.

python docs/picture.py FOLDER    FOLDER holds the two released files
"""

import sys
from pathlib import Path

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt

import gazesearch

RULES = {
    "replace": "first fixation moved to the centre\n(the released code)",
    "prepend": "centre put in front\n(the dataset card)",
    "as-recorded": "as recorded",
}
# Okabe and Ito's colours: told apart by colour-blind readers, and by shape in grey.
MARKS = {
    "all records": ("o", "#000000"),
    "image also in train": ("^", "#D55E00"),
    "image unseen": ("s", "#0072B2"),
}


def main(folder: Path) -> None:
    annotations = gazesearch.read_scanpaths(next(folder.glob("finding_visual_search*.json")))
    released = gazesearch.read_scanpaths(
        folder / "chestsearch_released_predictions.json", predictions=True
    )
    plt.rcParams.update({"font.size": 9, "svg.fonttype": "none", "svg.hashsalt": "gazesearch"})
    figure, axes = plt.subplots(figsize=(7.2, 2.5), layout="constrained")
    figure.patch.set_facecolor("white")
    for row, rule in enumerate(reversed(RULES)):
        scores = gazesearch.evaluate(
            released, annotations, first_fixation=rule, metrics=["scanmatch"]
        )
        values = {}
        for label, mask in scores.groups().items():
            marker, colour = MARKS[label]
            values[label] = scores.summary("scanmatch", mask).mean
            said = f"{label} ({len(set(scores.keys['record'][mask].tolist()))})"
            axes.plot(
                values[label],
                row,
                marker,
                color=colour,
                markersize=7,
                label=said if not row else None,
            )
        ends = min(values.values()), max(values.values())
        axes.plot(ends, (row, row), color="0.75", zorder=0)
        axes.annotate(
            f"{values['all records']:.4f}", (values["all records"], row), (0, 8),
            textcoords="offset points", ha="center",
        )  # fmt: skip
    axes.set_yticks(range(len(RULES)), [RULES[rule] for rule in reversed(RULES)])
    axes.set_ylim(-0.5, len(RULES) - 0.3)
    axes.set_xlabel(
        "ScanMatch of the released ChestSearch predictions, test split (higher is better)"
    )
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x", color="0.92")
    axes.set_axisbelow(True)
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)
    output = Path(__file__).parent / "img" / "released.svg"
    figure.savefig(output, metadata={"Date": None})


if __name__ == "__main__":
    main(Path(sys.argv[1]))
