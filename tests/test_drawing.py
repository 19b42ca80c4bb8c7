"""Drawing: a picture says what the scanpaths say, and the same way every time."""

from __future__ import annotations

import io
import re
import subprocess
import sys
import time
from itertools import combinations
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import matplotlib as mpl
import numpy as np
import PIL.Image
import pytest
from matplotlib.artist import Artist
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from gazesearch.drawing import draw, picture_format, save
from gazesearch.drawing.legend import shortened, text_width
from gazesearch.drawing.panel import half_mass_level
from gazesearch.drawing.styles import STYLES
from gazesearch.errors import BadSetting, UnknownName, UnreadableFile
from gazesearch.prediction import NextFixation
from gazesearch.scanpaths import Scanpaths

LOOK = np.array([[112, 112, 0.2], [60, 64, 0.4], [160, 80, 0.1], [30, 190, 0.3]])


def table(
    *paths: NDArray[np.float64],
    box: tuple[float, float, float, float] | None = None,
    image: str = "a.png",
    screen_size: tuple[float, float] = (224, 224),
) -> Scanpaths:
    return Scanpaths.of(
        paths,
        image=[image] * len(paths),
        finding="edema",
        screen_size=screen_size,
        target_boxes=None if box is None else [box] * len(paths),
    )


def called(figure: Figure, start: str) -> dict[str, Any]:
    """Artists of a figure by name."""
    named = ((str(a.get_gid()), a) for a in figure.findobj(Artist) if a.get_gid())
    return {name: artist for name, artist in named if name.startswith(start)}


def saved(figure: Figure, folder: Path, ending: str) -> bytes:
    save(figure, folder / f"a{ending}", dpi=100)
    return (folder / f"a{ending}").read_bytes()


def area(collection: Any) -> float:
    """Area of a drawn mark, pt², by its outline: what a reader sees."""
    (path,) = collection.get_paths()
    matrix = collection.get_transforms()[0]
    polygon = path.transformed(mpl.transforms.Affine2D(matrix)).to_polygons()[0]
    x, y = polygon.T
    drawn = abs(np.sum(x[:-1] * y[1:] - x[1:] * y[:-1])) / 2
    scale = 72 / collection.get_figure().dpi
    return float(drawn * scale**2)


# -- fixations, saccades, boxes


@pytest.mark.parametrize("number", range(6))
def test_areas_of_marks_are_proportional_to_durations(number: int) -> None:
    sources = {f"s{k}": table(LOOK + np.array([5 * k, 0, 0])) for k in range(number + 1)}
    figure = draw(sources)
    figure.canvas.draw()
    marks = called(figure, f"fixation-{number}")
    sizes = np.array([mark.get_sizes()[0] for mark in marks.values()])
    areas = np.array([area(mark) for mark in marks.values()])
    seconds = LOOK[[int(name.rsplit("-", 1)[1]) - 1 for name in marks], 2]
    np.testing.assert_allclose(sizes / seconds, sizes[0] / seconds[0], rtol=1e-12)
    per_second = areas / seconds  # outlines are polygons here: a circle loses a little
    np.testing.assert_allclose(per_second, per_second[0], rtol=0.01)
    first = called(figure, "fixation-0-0-1")["fixation-0-0-1"]
    assert per_second[0] * 0.2 == pytest.approx(area(first), rel=0.02)  # all shapes alike


def test_marks_without_durations_are_alike_and_the_legend_says_so(tmp_path: Path) -> None:
    figure = draw({"model": table(LOOK[:, :2]), "reader": table(LOOK)})
    sizes = {float(mark.get_sizes()[0]) for mark in called(figure, "fixation-0").values()}
    assert len(sizes) == 1
    svg = saved(figure, tmp_path, ".svg").decode()
    assert "model (no durations)" in svg
    assert "area: duration" in svg
    assert "area: duration" not in saved(draw({"m": table(LOOK[:, :2])}), tmp_path, ".svg").decode()


def test_a_notebook_shows_what_is_saved(tmp_path: Path) -> None:
    figure = draw({"reader": table(LOOK)})
    assert figure._repr_png_() == saved(figure, tmp_path, ".png")


def test_every_fixation_has_its_number_at_its_place(tmp_path: Path) -> None:
    figure = draw({"reader": table(LOOK)})
    for at, (x, y, _) in enumerate(LOOK):
        mark = called(figure, "fixation")[f"fixation-0-0-{at + 1}"]
        assert mark.get_offsets()[0].tolist() == [x, y]
    root = ElementTree.fromstring(saved(figure, tmp_path, ".svg"))
    space = "{http://www.w3.org/2000/svg}"
    groups = {g.get("id"): g for g in root.iter(f"{space}g")}
    numbers = {
        name: "".join(groups[name].itertext()).strip()
        for name in groups
        if name and name.startswith("number-")
    }
    assert numbers == {f"number-0-0-{k}": str(k) for k in (1, 2, 3, 4)}


def test_saccades_join_fixations_and_point_onwards() -> None:
    figure = draw({"reader": table(LOOK)})
    lines, arrows = called(figure, "saccade"), called(figure, "arrow")
    assert len(lines) == len(arrows) == 3
    for at in range(3):
        ends = np.array(lines[f"saccade-0-0-{at + 1}"].get_xydata())
        assert ends == pytest.approx(LOOK[at : at + 2, :2])
        head = arrows[f"arrow-0-0-{at + 1}"].get_paths()[0]
        tip = head.vertices[np.hypot(*head.vertices.T).argmax()] * (1, -1)  # y of a frame is down
        along = LOOK[at + 1, :2] - LOOK[at, :2]
        cosine = tip @ along / np.hypot(*tip) / np.hypot(*along)
        assert cosine == pytest.approx(1, abs=1e-6)


def test_everything_is_brought_into_px_of_the_image() -> None:
    image = np.zeros((300, 400), dtype=np.uint8)
    figure = draw({"reader": table(LOOK, box=(20, 40, 56, 112))}, image=image)
    (box,) = called(figure, "target-box").values()
    assert isinstance(box, Rectangle)
    drawn = (*box.get_xy(), box.get_width(), box.get_height())
    across, down = 400 / 224, 300 / 224
    assert drawn == pytest.approx((20 * across, 40 * down, 100, 150))
    mark = called(figure, "fixation-0-0-2")["fixation-0-0-2"]
    assert np.array(mark.get_offsets()[0]) == pytest.approx((60 * across, 64 * down))
    (ground,) = called(figure, "image").values()
    assert list(ground.get_extent()) == [0, 400, 300, 0]
    width, height = figure.axes[1].get_window_extent().size
    assert width / height == pytest.approx(4 / 3)


def test_a_placeholder_is_no_target_box() -> None:
    assert not called(draw({"reader": table(LOOK, box=(0, 0, 0, 0))}), "target-box")
    boxed = table(LOOK, box=(1, 2, 3, 4))
    assert not called(draw({"reader": boxed}, target_boxes=False), "target-box")
    assert len(called(draw({"a": boxed, "b": boxed}), "target-box")) == 1


def test_fixations_off_the_frame_widen_the_view_up_to_half_a_frame(tmp_path: Path) -> None:
    stray = np.array([[50.0, 50], [50, 260], [9000, 10]])
    figure = draw({"reader": table(stray)})
    axes = figure.axes[1]
    assert axes.get_xlim() == (0, 336)
    assert axes.get_ylim() == (260, 0)
    assert len(called(figure, "fixation")) == 2
    assert "1 far off the frame" in saved(figure, tmp_path, ".svg").decode()


@pytest.mark.parametrize("durations", [0.0, np.nan])
def test_paths_of_one_fixation_none_or_no_time_are_drawn(durations: float, tmp_path: Path) -> None:
    one = np.array([[5.0, 6.0, durations]])
    for path in (one, one[:0], np.repeat(one, 3, axis=0)):
        assert saved(draw({"reader": table(path)}), tmp_path, ".png")
    assert "no fixation" in saved(draw({"r": table(one[:0])}), tmp_path, ".svg").decode()


def test_a_source_may_be_one_path_or_several(tmp_path: Path) -> None:
    figure = draw({"one": table(LOOK)[0], "people": table(LOOK, LOOK + 9)})
    assert len(called(figure, "fixation")) == 12
    assert "people (2 paths)" in saved(figure, tmp_path, ".svg").decode()


# -- density


def test_the_line_holds_the_densest_half() -> None:
    mass = np.array([[0.1, 0.3], [0.25, 0.35]])
    level = half_mass_level(mass)
    assert mass[mass > level].tolist() == [0.3, 0.35]
    assert half_mass_level(np.full((4, 4), 1 / 16)) < 1 / 16


def test_a_density_covers_the_canvas_cell_by_cell() -> None:
    log_mass = np.log(np.array([[[0.1, 0.2, 0.1], [0.3, 0.2, 0.1]]]))
    image = np.zeros((300, 400, 3), dtype=np.uint8)
    figure = draw({"a": table(LOOK)}, image=image, density=NextFixation(log_mass=log_mass))
    (shown,) = called(figure, "density").values()
    assert list(shown.get_extent()) == [0, 400, 300, 0]
    opacity = shown.get_array()[..., 3]
    assert np.array(opacity / opacity.max()) == pytest.approx(np.exp(log_mass[0]) / 0.3)


def test_panels_have_their_own_density() -> None:
    both = {"a": table(LOOK), "b": table(LOOK)}
    cells = np.ones((2, 2))
    figure = draw(both, density={"b": cells}, layout="side-by-side")
    assert list(called(figure, "density")) == ["density-1"]
    assert len(called(draw(both, density=cells, layout="side-by-side"), "density")) == 2
    with pytest.raises(BadSetting, match="one panel takes one"):
        draw(both, density={"b": cells})
    with pytest.raises(BadSetting, match="no source is called so"):
        draw(both, density={"c": cells}, layout="side-by-side")


# -- told apart


def legend_marks(figure: Figure) -> list[NDArray[np.bool_]]:
    """What a grey print shows of each source's legend sample: dark or not, (h, w)."""
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=288)
    grey = np.asarray(PIL.Image.open(stream).convert("L"))
    crops = []
    for number in range(len(STYLES)):
        line = called(figure, f"legend-line-{number}")[f"legend-line-{number}"]
        (x0, y), (x1, _) = np.array(line.get_xydata()) * 4
        crops.append(grey[int(y) - 24 : int(y) + 24, int(x0) : int(x1)] < 200)
    return crops


def test_a_grey_print_tells_sources_apart_by_shape_and_by_dashes() -> None:
    figure = draw({f"s{k}": table(LOOK) for k in range(len(STYLES))})
    crops = legend_marks(figure)
    middle = slice(crops[0].shape[1] // 2 - 24, crops[0].shape[1] // 2 + 24)
    for one, other in combinations(crops, 2):
        differing = one[:, middle] ^ other[:, middle]
        assert differing.sum() / one[:, middle].sum() > 0.12
    rows = [np.concatenate([crop[20:28, :56], crop[20:28, -56:]], axis=1) for crop in crops]
    dashes = [tuple(np.diff(np.flatnonzero(np.diff(row.any(axis=0))))) for row in rows]
    assert len(set(dashes)) == len(STYLES)


def test_colours_are_apart_and_numbers_readable_on_them() -> None:
    assert len({style.colour for style in STYLES}) == len(STYLES)
    for style in STYLES:
        fill, ink = (mpl.colors.to_rgb(colour) for colour in (style.colour, style.ink))
        fill, ink = (np.where(np.array(c) <= 0.04045, np.array(c) / 12.92,
                              ((np.array(c) + 0.055) / 1.055) ** 2.4) @ (0.2126, 0.7152, 0.0722)
                     for c in (fill, ink))  # fmt: skip
        assert (max(fill, ink) + 0.05) / (min(fill, ink) + 0.05) > 4.5


# -- numbers


def test_equal_marks_on_one_spot_keep_all_their_numbers() -> None:
    figure = draw({f"s{k}": table(LOOK[:1]) for k in range(6)})
    numbers = called(figure, "number")
    assert len(numbers) == 6
    spots = {tuple(np.round(text.get_position(), 1)) for text in numbers.values()}
    assert len(spots) == 6


def test_a_crowded_panel_leaves_numbers_beside_marks_out() -> None:
    crowd = np.tile(LOOK, (30, 1))
    figure = draw({"people": table(crowd)})
    assert len(called(figure, "fixation")) == 120
    assert 0 < len(called(figure, "number")) < 60


# -- pages and files


@pytest.mark.parametrize(("sources", "panels"), [(1, 1), (2, 2), (4, 4), (6, 6)])
def test_side_by_side_gives_each_source_its_panel(sources: int, panels: int) -> None:
    figure = draw({f"s{k}": table(LOOK) for k in range(sources)}, layout="side-by-side")
    assert len(figure.axes) == panels + 1  # and the page
    boxes = [axes.get_position() for axes in figure.axes[1:]]
    assert not any(one.overlaps(other) for one, other in combinations(boxes, 2))
    assert all(0 < box.x0 < box.x1 < 1 and 0 < box.y0 < box.y1 < 1 for box in boxes)


@pytest.mark.parametrize("shape", [(1000, 40), (40, 1000), (300, 400)])
def test_images_of_any_shape_have_room(shape: tuple[int, int]) -> None:
    figure = draw({"a": table(LOOK)}, image=np.zeros(shape), title="T", width=4)
    width, height = figure.get_size_inches()
    assert width == pytest.approx(4)
    assert height < 7


@pytest.mark.parametrize("ending", [".png", ".svg", ".pdf"])
def test_the_same_picture_has_the_same_bytes(ending: str, tmp_path: Path) -> None:
    def once() -> bytes:
        image = np.linspace(0, 1, 300 * 200).reshape(200, 300)
        figure = draw({"a": table(LOOK), "b": table(LOOK + 5)}, image=image, density=np.eye(5) + 1)
        return saved(figure, tmp_path, ending)

    first = once()
    assert first == once()
    assert first[:5] in (b"\x89PNG\r", b"<?xml", b"%PDF-")


def test_another_process_and_another_configuration_give_the_same_bytes(tmp_path: Path) -> None:
    program = (
        "import sys, numpy as np, matplotlib\n"
        "matplotlib.rcParams.update({'font.size': 20, 'lines.linewidth': 9, 'text.usetex': True})\n"
        "from gazesearch import Scanpaths, drawing\n"
        "look = Scanpaths.of([[[9, 9, .2], [90, 60, .4]]], image=['a'], finding='edema',"
        " screen_size=(100, 100))\n"
        "drawing.save(drawing.draw({'a': look}), sys.argv[1])\n"
        "assert matplotlib.rcParams['font.size'] == 20\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, tmp_path / "there.svg"], capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    look = table(np.array([[9, 9, 0.2], [90, 60, 0.4]]), image="a", screen_size=(100, 100))
    backend = mpl.rcParams["backend"]
    save(draw({"a": look}), tmp_path / "here.svg")
    assert mpl.rcParams["backend"] == backend
    assert (tmp_path / "here.svg").read_bytes() == (tmp_path / "there.svg").read_bytes()


def test_no_pixel_is_carried_without_an_image(tmp_path: Path) -> None:
    plain = saved(draw({"a": table(LOOK)}), tmp_path, ".svg").decode()
    assert "<image" not in plain
    assert "base64" not in plain
    assert b"<image" in saved(draw({"a": table(LOOK)}, image=np.eye(9)), tmp_path, ".svg")


@pytest.mark.parametrize(
    "label", ["$x_1$ & <b>", "_hidden", "胸部", "a\nb\x00c", "\udcff", "a" * 300, ""]
)
def test_any_name_can_stand_in_the_legend(label: str, tmp_path: Path) -> None:
    figure = draw({label: table(LOOK)}, title=label)
    for ending in (".svg", ".png", ".pdf"):
        saved(figure, tmp_path, ending)
    root = ElementTree.fromstring((tmp_path / "a.svg").read_bytes())
    shown = " ".join(root.itertext())
    if label.startswith(("$", "_", "胸")):
        assert label in shown
    if len(label) == 300:
        assert re.search("aaa…aaa", shown)
        assert "a" * 200 not in shown


@pytest.mark.parametrize("length", [3_000, 300_000])
def test_a_name_of_any_length_is_soon_shortened(length: int) -> None:
    name = "front" + "M" * length + "back"
    start = time.perf_counter()
    figure = draw({name: table(LOOK)}, title=name)
    assert time.perf_counter() - start < 10  # trying every length took a minute and more
    shown = {text.get_text() for text in figure.axes[0].texts}
    for text in shown - {"0.2 s (area: duration)", "0.1 s (area: duration)"}:
        assert re.fullmatch("front.+….+back", text)


def test_a_shortened_name_is_the_longest_that_fits() -> None:
    text = "il" * 40 + "WM" * 40
    for widest in (9.0, 60.0, 200.0, 333.0):
        shown = shortened(text, widest, 8.5)
        kept = len(shown) - 1
        longer = f"{text[: (kept + 2) // 2]}…{text[len(text) - kept - 1 + (kept + 2) // 2 :]}"
        assert text_width(shown, 8.5) <= widest < text_width(longer, 8.5)


def test_dots_an_inch(tmp_path: Path) -> None:
    figure = draw({"a": table(LOOK)}, width=3)
    save(figure, tmp_path / "a.png", dpi=50)
    with PIL.Image.open(tmp_path / "a.png") as image:
        assert image.size[0] == 150
    with pytest.raises(BadSetting, match="dpi"):
        save(figure, tmp_path / "a.png", dpi=5)


def test_a_failed_save_leaves_the_old_picture(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"old")
    figure = draw({"a": table(LOOK)})
    figure.savefig = None  # type: ignore[assignment, method-assign]
    with pytest.raises(TypeError):
        save(figure, tmp_path / "a.png")
    assert [(f.name, f.read_bytes()) for f in tmp_path.iterdir()] == [("a.png", b"old")]


def test_endings_are_three(tmp_path: Path) -> None:
    assert [picture_format(f"a{ending}") for ending in (".PNG", ".svg", ".pdf")] == [
        "png", "svg", "pdf",
    ]  # fmt: skip
    for name in ("a.jpg", "a"):
        with pytest.raises(UnknownName, match="picture ending"):
            picture_format(name)
    (tmp_path / "file").touch()
    with pytest.raises(UnreadableFile, match="cannot be written"):
        save(draw({"a": table(LOOK)}), tmp_path / "file" / "a.svg")
