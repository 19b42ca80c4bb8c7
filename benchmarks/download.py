"""What `gazesearch download` and `verify` cost beside `huggingface_hub.snapshot_download` alone.

    python benchmarks/download.py [ROUNDS] [FOLDER]

3,577 generated images and three checkpoints, 300 MB together, from a hub on loopback in a process
of its own. Each download is a fresh process into a fresh folder; the two take turns, three rounds
unless told otherwise, and the medians are compared. The target: throughput at least 0.8 of the
client's own, and the digests of all files under 15% of our time.
"""

import os
import random
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

REPO = "phamtrongthang/GazeSearch"
IMAGES = 3_577
CHECKPOINTS = {"ckp_29999.pt": 180, "M2F_R50.pkl": 70, "M2F_R50_MSDeformAttnPixelDecoder.pkl": 50}
HUB = Path(__file__).parents[1] / "tests" / "access" / "hub.py"

THEIRS = """
import sys, time
from huggingface_hub import snapshot_download
begun, spent = time.perf_counter(), time.process_time()
snapshot_download(sys.argv[1], repo_type="dataset", local_dir=sys.argv[2])
print("seconds", time.perf_counter() - begun)
print("cpu", time.process_time() - spent)
"""
OURS = """
import sys, time
from gazesearch.access import download, find_release, verify
begun, spent = time.perf_counter(), time.process_time()
release = find_release(sys.argv[1])
download(release, sys.argv[2], accepted=release.conditions)
print("seconds", time.perf_counter() - begun)
print("cpu", time.process_time() - spent)
begun = time.perf_counter()
assert verify(sys.argv[2]).is_sound
print("verify", time.perf_counter() - begun)
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
begun = time.perf_counter()
with ThreadPoolExecutor(8) as pool:
    assert all(pool.map(lambda file: file.is_in(Path(sys.argv[2]) / file.path), release.files))
print("digests", time.perf_counter() - begun)
"""


def generate(folder):
    draw = random.Random(3577)
    (folder / "images").mkdir(parents=True)
    (folder / "checkpoints").mkdir()
    (folder / "annotations").mkdir()
    for number in range(IMAGES):
        data = draw.randbytes(draw.randrange(10_000, 50_000))
        (folder / "images" / f"{number:05d}.jpg").write_bytes(data)
    for name, megabytes in CHECKPOINTS.items():
        with (folder / "checkpoints" / name).open("wb") as file:
            for _ in range(megabytes):
                file.write(draw.randbytes(10**6))
    text = '[{"name": "00000.jpg", "task": "edema", "X": [1, 2], "Y": [3, 4], "T": [0.2, 0.3]}]'
    (folder / "annotations" / "paths.json").write_text(text)


def timed(program, folder, environment):
    done = subprocess.run(
        [sys.executable, "-c", program, REPO, str(folder)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        check=True,
    )
    shutil.rmtree(folder)
    return {
        name: float(value)
        for name, value in (line.split() for line in done.stdout.splitlines() if " " in line)
    }


def main(rounds=3, where=None):
    home = Path(tempfile.mkdtemp(dir=where))
    generate(home / "held")
    size = sum(file.stat().st_size for file in (home / "held").rglob("*.*"))
    hub = subprocess.Popen(
        [sys.executable, str(HUB), str(home / "held"), REPO],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    environment = {
        **os.environ,
        "HF_ENDPOINT": hub.stdout.readline().strip(),
        "HF_HOME": str(home / "hf"),
        "HF_TOKEN": "hf_reader",
        "HF_HUB_DISABLE_TELEMETRY": "1",
    }
    theirs, ours = [], []
    for number in range(rounds):
        theirs.append(timed(THEIRS, home / f"theirs{number}", environment))
        ours.append(timed(OURS, home / f"ours{number}", environment))
        print(f"round {number}: theirs {theirs[-1]}, ours {ours[-1]}", flush=True)
    hub.stdin.close()
    shutil.rmtree(home)
    a, a_cpu = (median(found[name] for found in theirs) for name in ("seconds", "cpu"))
    b, b_cpu = (median(found[name] for found in ours) for name in ("seconds", "cpu"))
    c, d = (median(found[name] for found in ours) for name in ("digests", "verify"))
    print(f"{IMAGES:,} images and {len(CHECKPOINTS)} checkpoints, {size / 1e6:,.0f} MB")
    print(f"snapshot_download alone {a:.1f} s, {size / a / 1e6:.1f} MB/s")
    print(f"gazesearch download     {b:.1f} s, {size / b / 1e6:.1f} MB/s: {a / b:.2f} of it")
    print(f"processor time: {a_cpu:.1f} s alone, {b_cpu:.1f} s ours: {a_cpu / b_cpu:.2f}")
    print(f"digests of all files    {c:.2f} s, {c / b:.1%} of the download")
    print(f"gazesearch verify       {d:.2f} s")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]), *sys.argv[2:3])
