"""The picture of trained.md: bits on valid by epoch, read from the tables of that page.

python docs/learning_curves.py    writes docs/img/learning.svg
"""

import re
from pathlib import Path
from types import MappingProxyType

import matplotlib as mpl
import matplotlib.pyplot as plt
from matplotlib.ticker import MaxNLocator

HERE = Path(__file__).parent
BLUE, ORANGE, GREY = "#0072b2", "#b8500a", "#57606a"


def table(page, corner):
    """Rows of the table whose first head is `corner`: numbers by first cell."""
    _, head, below = page.partition(f"\n| {corner} |")
    if not head:
        raise SystemExit(f"trained.md: no table whose first head is {corner}")
    lines = below.splitlines()[2:]  # after the rest of the head, and its rule
    rows = {}
    for line in lines:
        if not line.startswith("|"):
            return rows
        name, *cells = (cell.strip() for cell in line.strip("|").split("|"))
        rows[name] = [float(cell) for cell in cells if cell]
    return rows


def draw(axes, rows, *, title, levels=MappingProxyType({}), labelled=True):
    for name, bits in rows.items():
        colour = ORANGE if "without" in name else BLUE
        epochs = range(1, len(bits) + 1)
        axes.plot(epochs, bits, color=colour, marker="o", markersize=3, linewidth=1.4)
        if labelled:
            axes.annotate(
                name, (epochs[-1], bits[-1]), annotation_clip=False, xytext=(5, 0),
                textcoords="offset points", va="center", fontsize=8, color=colour,
            )  # fmt: skip
    for name, level in levels.items():
        axes.axhline(level, color=GREY, linewidth=1, linestyle=(0, (4, 3)))
        axes.annotate(
            name, (0.02, level), xycoords=axes.get_yaxis_transform(), xytext=(0, 3),
            textcoords="offset points", fontsize=8, color=GREY,
        )  # fmt: skip
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlim(left=0)
    axes.set_title(title, fontsize=9, loc="left")
    axes.set_xlabel("epoch", fontsize=8)
    axes.tick_params(labelsize=8)
    axes.spines[["top", "right"]].set_visible(False)


def main():
    page = (HERE / "trained.md").read_text()
    phantom, osie = table(page, "phantom"), table(page, "OSIE")
    truth, control = re.search(r"the truth has ([\d.]+), `history-density` ([\d.]+)", page).groups()
    mpl.rcParams.update({"svg.hashsalt": "gazesearch", "font.family": "DejaVu Sans"})
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
    draw(
        left,
        phantom,
        title="Phantom: three seeds",
        levels={"the truth": float(truth), "history-density, the best control": float(control)},
        labelled=False,
    )
    left.set_ylabel("bits over uniform on valid", fontsize=8)
    left.set_ylim(2.9, 6.0)
    draw(right, osie, title="OSIE: fixations after the first")
    figure.savefig(HERE / "img" / "learning.svg", metadata={"Date": None})


if __name__ == "__main__":
    main()
