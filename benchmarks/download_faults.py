"""Downloads with random faults, again and again until they end: is anything ever wrong?

    python benchmarks/download_faults.py [RUNS] [SEED] [FOLDER]

200 runs unless told otherwise. A run downloads a small dataset from a hub on loopback that goes
wrong at random (cut connections, 500, 503, 429, 401, 403, other lengths, other bytes, slowness),
while the process is killed (-9) or its files are limited (`ulimit -f`, as a quota) at random; the
command is given again until it ends well. After every attempt each file under its final name must
have the right bytes, and a failure must be one line with its mend. FOLDER may lie on a small file
system, to be really full: then every fourth attempt finds a filler file there.

Large files are 1 MiB and more here, and arrive in blocks of 256 KiB: the same code, sooner done.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "access"))

REPO = "lab/faulty"
TOKEN = "hf_secretOfTheFaultBenchmark"
ATTEMPTS = 30
RATE = 0.06  # faults a request in the first attempt; less in each later one
MENDS = ("again", "log in", "access check", "make room", "check the connection")
KINDS = ("cut", "drop", "500", "503", "429", "401", "403", "short", "long", "wrong", "slow")


def files() -> dict[str, bytes]:
    """The dataset: the same in every process."""
    draw = random.Random(8)
    record = {"task": "edema", "X": [1, 2], "Y": [3, 4], "T": [0.2, 0.3], "length": 2}
    records = [{"name": f"{i}.jpg", **record} for i in range(12)]
    held = {"annotations/paths.json": json.dumps(records).encode()}
    held |= {f"images/{i}.jpg": draw.randbytes(draw.randrange(1, 40_000)) for i in range(16)}
    held |= {f"checkpoints/{i}.pt": draw.randbytes(1_200_000 + 900_000 * i) for i in range(3)}
    return held


# The hub, in a process of its own


def serve() -> None:
    from hub import Answer, Fault, Hub

    chance = {"rate": 0.0, "draw": random.Random(0)}
    seen: Counter[str] = Counter()

    def fault(call):
        draw = chance["draw"]
        if call.path.startswith("/control") or draw.random() >= chance["rate"]:
            return None
        kind = draw.choice(KINDS)
        seen[kind] += 1
        if kind.isdigit():
            headers = {"Retry-After": "1"} if kind == "429" else {}
            return Fault("status", status=int(kind), headers=headers)
        return Fault(kind, at=draw.random(), seconds=0.3)

    def control(hub, call):
        chance["rate"] = float(call.query["rate"][0])
        chance["draw"] = random.Random(int(call.query["seed"][0]))
        return Answer.of(dict(seen))

    with Hub() as hub:
        hub.add_repo(REPO, files(), lfs={f"checkpoints/{i}.pt" for i in range(3)})
        hub.add_user("reader", token=TOKEN, access={REPO: "granted"})
        hub.add_route("GET", r"/control", control)
        hub.state.random_fault = fault
        print(hub.endpoint, flush=True)
        sys.stdin.read()


def control(endpoint: str, rate: float, seed: int) -> dict[str, int]:
    with urllib.request.urlopen(f"{endpoint}/control?rate={rate}&seed={seed}") as answer:
        return json.load(answer)


# One attempt, in a fork: as a fresh process, but sooner there


def attempt(folder: Path, said: Path, *, limit: int | None) -> int:
    child = os.fork()
    if child:
        return child
    status = 99
    try:
        os.setsid()
        output = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(output, 1)
        os.dup2(output, 2)
        sys.stdin = open(os.devnull)  # noqa: PTH123, SIM115
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        from gazesearch import cli
        from gazesearch.access import fetch

        fetch.LARGE, fetch._BLOCK = 2**20, 2**18
        sys.argv = ["gazesearch", "download", "--repo", REPO, "--to", str(folder)]
        sys.argv.append("--i-accept-the-conditions")
        try:
            cli.main()
            status = 0
        except SystemExit as end:
            status = int(end.code or 0)
    finally:
        with contextlib.suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(status)


def one_run(seed: int, endpoint: str, where: Path, held: dict[str, bytes], tally: Counter) -> None:
    draw = random.Random(seed)
    folder, said = where / f"run{seed}", Path(tempfile.gettempdir()) / f"said-{os.getpid()}"
    filler = where / f"filler{seed}"
    for number in range(1, ATTEMPTS + 1):
        control(endpoint, RATE / number if number < 8 else 0.0, seed * 100 + number)
        trick = draw.choice(["", "kill", "limit", "full"]) if number < 8 else ""
        limit = draw.randrange(2_000, 3_000_000) if trick == "limit" else None
        small = shutil.disk_usage(where).total < 2**28
        if trick == "full" and small:
            with contextlib.suppress(OSError):
                room = shutil.disk_usage(where).free - 2**24 - draw.randrange(200_000, 4_000_000)
                filler.write_bytes(bytes(max(room, 0)))
        child = attempt(folder, said, limit=limit)
        if trick == "kill":
            time.sleep(draw.random() * 1.5)
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        if trick == "full" and small:  # what is free shrinks while files arrive
            time.sleep(draw.random() * 0.5)
            with contextlib.suppress(OSError), filler.open("ab") as more:
                more.write(bytes(2**25))
        _, ended = os.waitpid(child, 0)
        filler.unlink(missing_ok=True)
        status = os.waitstatus_to_exitcode(ended)
        text = said.read_text(errors="replace")
        tally["attempts"] += 1
        tally[f"status {status}"] += 1
        if TOKEN in text:
            tally["TOKEN SHOWN"] += 1
        for path, content in held.items():
            place = folder / path
            if place.exists() and place.read_bytes() != content:
                tally["WRONG FILE"] += 1
                print("wrong:", seed, number, path, flush=True)
        lines = [line for line in text.splitlines() if line.startswith("gazesearch: ")]
        if status > 0:
            one = len(lines) == 1 and status == 2 and any(mend in lines[0] for mend in MENDS)
            after = text.rstrip().splitlines()[-1:] == lines
            if not (one and after):
                tally["BAD LINE"] += 1
                print("line:", seed, number, status, text[-600:], flush=True)
            else:
                tally["failed: " + lines[0].split(": ", 2)[2][:44]] += 1
        if status == 0:
            missing = [p for p in held if not (folder / p).is_file()]
            left = (folder / ".gazesearch").exists()
            tally["INCOMPLETE"] += bool(missing)
            tally["LEFT BEHIND"] += left
            tally["resumed" if number > 1 else "ended at once"] += 1
            break
    else:
        tally["NEVER ENDED"] += 1
    shutil.rmtree(folder, ignore_errors=True)


def main(runs: int = 200, seed: int = 0, where: str | None = None) -> None:
    here = Path(where or tempfile.mkdtemp())
    command = [sys.executable, __file__, "serve"]
    hub = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert hub.stdout is not None
    endpoint = hub.stdout.readline().strip()
    home = tempfile.mkdtemp()
    os.environ.update(HF_ENDPOINT=endpoint, HF_HOME=home, HF_TOKEN=TOKEN)
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
    import huggingface_hub.errors
    import huggingface_hub.hf_api
    import huggingface_hub.hf_file_system  # noqa: F401  # all loaded once, before the forks

    import gazesearch.access
    import gazesearch.cli  # noqa: F401

    held, tally = files(), Counter()
    begun = time.monotonic()
    for number in range(seed, seed + runs):
        one_run(number, endpoint, here, held, tally)
    print(f"{runs} runs in {time.monotonic() - begun:.0f} s")
    for name, count in sorted(tally.items()):
        print(f"  {name}: {count}")
    print("faults sent:", control(endpoint, 0, 0))
    hub.stdin.close()
    shutil.rmtree(home)
    wrong = [name for name in tally if name.isupper() and tally[name]]
    sys.exit(f"WRONG: {wrong}" if wrong else 0)


if __name__ == "__main__":
    if sys.argv[1:] == ["serve"]:
        serve()
    else:
        main(*map(int, sys.argv[1:3]), *sys.argv[3:4])
