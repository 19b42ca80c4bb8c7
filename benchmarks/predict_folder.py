"""`gazesearch predict` on a folder: memory, and the same bytes after interruptions. Linux only.

    python benchmarks/predict_folder.py                1,000 images, 13 findings
    python benchmarks/predict_folder.py 300
    python benchmarks/predict_folder.py 1000 --cheap   the same files by a model that does not look

The images are phantoms of 224 x 224 px, 10 distinct ones and shifted copies of them; the weights
are made up by the recipe of the tests. One run is left alone, its memory is read once a second;
another is ended by SIGKILL after a third of the images and by SIGINT after two thirds, and gone on
with each time. `--cheap` takes the control `medoid` instead, to see what the files alone cost.
"""

import importlib.util
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import PIL.Image

from gazesearch import FINDINGS, Scanpaths
from gazesearch.datasets.image_files import find_images
from gazesearch.datasets.phantom.cases import make_case
from gazesearch.files import digest
from gazesearch.models.asked import Asked
from gazesearch.models.bulk import predict_files
from gazesearch.models.bulk.job import PART_BATCHES
from gazesearch.models.catalogue import create_model

DISTINCT = 10
SIDE = 224
PART_IMAGES = 4 * PART_BATCHES
CONFTEST = Path(__file__).parents[1] / "tests" / "models" / "chestsearch" / "conftest.py"


def write_images(folder: Path, n: int) -> None:
    folder.mkdir()
    for number in range(min(n, DISTINCT)):
        image = PIL.Image.fromarray(make_case(0, number).image).resize((SIDE, SIDE))
        for copy in range(number, n, DISTINCT):
            shifted = np.roll(np.asarray(image), 3 * (copy // DISTINCT), axis=1)
            PIL.Image.fromarray(shifted).save(folder / f"{copy:05}.png")


def write_weights(file: Path) -> None:
    import torch

    spec = importlib.util.spec_from_file_location("recipe", CONFTEST)
    recipe = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(recipe)
    torch.save({"model": recipe.published(""), "step": 30000}, file)


def command(root: Path, output: Path, *, cheap: bool) -> list[str]:
    if cheap:
        return [sys.executable, __file__, "--child", str(root / "images"), str(output)]
    arguments = ["predict", root / "images", "--weights", root / "ckp.pt", "--output", output]
    return [sys.executable, "-m", "gazesearch.cli", *map(str, arguments)]


def cheaply(folder: str, output: str) -> None:
    """What a child does under `--cheap`."""
    paths = Scanpaths.of(
        [[[112, 112, 0.2], [60, 64, 0.4]]] * len(FINDINGS),
        image=["a.png"] * len(FINDINGS),
        finding=FINDINGS,
        screen_size=(SIDE, SIDE),
    )
    model = create_model("medoid").fit(paths)
    predict_files(model, find_images([folder]), Path(output), Asked.of(rng=0))


def resident_mb(process: subprocess.Popen[bytes]) -> float:
    try:
        text = Path(f"/proc/{process.pid}/status").read_text()
    except OSError:
        return 0.0
    line = next((line for line in text.splitlines() if line.startswith("VmRSS")), "VmRSS: 0 kB")
    return int(line.split()[1]) / 1000


def finished(output: Path) -> int:
    """Images in finished parts."""
    return PART_IMAGES * len(list(Path(f"{output}.partial").glob("part-*.json")))


def undisturbed(root: Path, output: Path, n: int, *, cheap: bool) -> None:
    start, seen = time.perf_counter(), []
    process = subprocess.Popen(command(root, output, cheap=cheap))
    while process.poll() is None:
        seen.append((finished(output), resident_mb(process)))
        time.sleep(0.02 if cheap else 1.0)
    assert process.returncode == 0
    seconds = time.perf_counter() - start
    print(f"undisturbed: {seconds:.0f} s, {seconds / n:.3f} s an image with start and end")
    for done in sorted({0, *(PART_IMAGES * 2**k for k in range(12)), n}):
        found = [mb for images, mb in seen if images >= done and mb > 0]
        if found and done < n:
            print(f"  after {done} images: at most {max(found):.0f} MB from there on")
    counted = [mb for images, mb in seen if images >= 2 * PART_IMAGES and mb > 0]
    halves = counted[: len(counted) // 2], counted[len(counted) // 2 :]
    medians = [float(np.median(half)) for half in halves]
    print(f"  median resident, first and second half after two parts: {medians} MB")


def interrupted(root: Path, output: Path, n: int, *, cheap: bool) -> None:
    for share, how in ((1 / 3, signal.SIGKILL), (2 / 3, signal.SIGINT)):
        process = subprocess.Popen(command(root, output, cheap=cheap), stderr=subprocess.PIPE)
        while process.poll() is None and finished(output) < share * n:
            time.sleep(0.005)
        time.sleep(0 if cheap else 2.0)  # into the next part
        process.send_signal(how)
        said = (process.communicate()[1].decode().splitlines() or [""])[-1]
        print(f"{how.name} after {finished(output)} images: status {process.returncode}, {said!r}")
        assert not output.exists()
    subprocess.run(command(root, output, cheap=cheap), check=True)
    assert not Path(f"{output}.partial").exists()


def main() -> None:
    # A shell that starts this in the background lets it ignore SIGINT, and so its children.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    n = int(next((text for text in sys.argv[1:] if text.isdigit()), 1000))
    cheap = "--cheap" in sys.argv
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        write_images(root / "images", n)
        if not cheap:
            write_weights(root / "ckp.pt")
        one, other = root / "one.json", root / "other.json"
        undisturbed(root, one, n, cheap=cheap)
        interrupted(root, other, n, cheap=cheap)
        same = one.read_bytes() == other.read_bytes()
        print(f"{n} images, {digest(one)}")
        print(f"interrupted twice: {'the same bytes' if same else 'ANOTHER FILE'}")
    sys.exit(not same)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        cheaply(*sys.argv[2:])
    else:
        main()
