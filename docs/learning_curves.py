"""The picture of trained.md: bits on valid by epoch, read from the tables of that page.

python docs/learning_curves.py    writes docs/img/learning.svg
"""

from pathlib import Path

import matplotlib as mpl

mpl.use("svg")
import matplotlib.pyplot as plt

HERE = Path(__file__).parent
BLUE, ORANGE, GREY = "#0072b2", "#b8500a", "#57606a"


def table(page, corner):
    """Rows of the table whose first head is `corner`: numbers by first cell."""
    lines = iter(page.splitlines())
    next(line for line in lines if line.startswith(f"| {corner} |"))
    next(lines)  # the rule below the head
    rows = {}
    for line in lines:
        if not line.startswith("|"):
            return rows
        name, *cells = (cell.strip() for cell in line.strip("|").split("|"))
        rows[name] = [float(cell) for cell in cells if cell]
    return rows


def draw(axes, rows, *, colours, title, levels):
    for (name, bits), colour in zip(rows.items(), colours, strict=True):
        epochs = range(1, len(bits) + 1)
        axes.plot(epochs, bits, color=colour, marker="o", markersize=3, linewidth=1.4)
        axes.annotate(
            name, (epochs[-1], bits[-1]), xytext=(5, 0), textcoords="offset points",
            va="center", fontsize=8, color=colour,
        )  # fmt: skip
    for name, level in levels.items():
        axes.axhline(level, color=GREY, linewidth=1, linestyle=(0, (4, 3)))
        axes.annotate(
            name, (0.02, level), xycoords=axes.get_yaxis_transform(), xytext=(0, 3),
            textcoords="offset points", fontsize=8, color=GREY,
        )  # fmt: skip
    axes.set_title(title, fontsize=9, loc="left")
    axes.set_xlabel("epoch", fontsize=8)
    axes.tick_params(labelsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    axes.margins(x=0.08)


def main():
    page = (HERE / "trained.md").read_text()
    phantom, osie = table(page, "phantom, seed"), table(page, "OSIE")
    mpl.rcParams.update({"svg.hashsalt": "gazesearch", "font.family": "DejaVu Sans"})
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
    draw(
        left,
        {f"seed {name}": bits for name, bits in phantom.items()},
        colours=[BLUE] * len(phantom),
        title="Phantom: 350 images an epoch",
        levels={"the truth": 5.710, "history-density, the best control": 3.115},
    )
    left.set_ylabel("bits over uniform on valid", fontsize=8)
    left.set_ylim(2.9, 6.0)
    draw(
        right,
        osie,
        colours=[BLUE if "without" not in name else ORANGE for name in osie],
        title="OSIE: fixations after the first",
        levels={},
    )
    figure.savefig(HERE / "img" / "learning.svg", metadata={"Date": None})


if __name__ == "__main__":
    main()
