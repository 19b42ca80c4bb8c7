"""BIDS folders before a BIDS validator: written from recorded scanpaths, no error is expected.

    python benchmarks/bids.py DATA [--paths N]

DATA is the folder with `gazesearch/`, `osie/` and `coco_search18/`; of each file the first N paths
are written (100 by default). Needs `pip install bids-validator-deno`; 3.0.2 was tried.
Prints what the validator says, by code; ends with status 1 if it finds an error.
"""

import argparse
import collections
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import gazesearch
from gazesearch.formats.bids import read_bids, write_bids

SOURCES = ("gazesearch/finding_visual_search*.json", "osie/fixations.json", "coco_search18/*.json")


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    parser.add_argument("--paths", type=int, default=100)
    asked = parser.parse_args()
    if shutil.which("bids-validator-deno") is None:
        raise SystemExit("bids-validator-deno is not on the path: pip install bids-validator-deno")
    errors = 0
    for pattern in SOURCES:
        file = next(iter(sorted(asked.data.glob(pattern))), None)
        if file is None:
            raise SystemExit(f"{asked.data / pattern}: no such file")
        paths = gazesearch.read_scanpaths(file)[: asked.paths]
        with tempfile.TemporaryDirectory() as folder:
            write_bids(paths, folder, screen_size_m=(0.43, 0.43), screen_distance_m=0.6)
            assert len(read_bids(folder)) == len(paths)
            found = issues(folder)
        print(f"{file.parent.name}: {len(paths)} paths")
        for (severity, code), count in sorted(found.items()):
            print(f"  {severity} {code}: {count}")
            errors += count * (severity == "error")
    print(f"{errors} errors")
    return int(errors > 0)


def issues(folder: str) -> collections.Counter:
    """How often the validator says what."""
    command = ["bids-validator-deno", "--format", "json", folder]
    told = subprocess.run(command, capture_output=True, text=True, timeout=600)
    try:
        listed = json.loads(told.stdout)["issues"]["issues"]
    except (ValueError, KeyError):
        raise SystemExit(f"the validator gave no list: {told.stderr.strip()[-300:]}") from None
    return collections.Counter((one["severity"], one["code"]) for one in listed)


if __name__ == "__main__":
    sys.exit(main())
