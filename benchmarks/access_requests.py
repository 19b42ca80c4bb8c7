"""500 access requests, decided by a scripted reviewer through the command line, while all breaks.

    python benchmarks/access_requests.py [--requests 500] [--seed 0]

A hub on loopback fails at random (500, 429, 502 after the effect, connections cut before and after
the effect), and the command is killed at random, before and after the effect. Asserted: every
decision took effect exactly once, none that was not given did, the log verifies, and no output,
log or error holds the token. Takes minutes: every command is a process of its own.
"""

from __future__ import annotations

import argparse
import csv
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "access"))
from hub import Answer, Call, Hub
from hub_requests import REPO, TOKEN, RequestHub, random_faults

from gazesearch.access.decision_log import read_log, verify_log

EVIL = "\x1b[2J<b>=1+1</b>\r\n\u202e"
SINGLE = 12  # decided by name, one command each
CHUNK = 125  # rows decided in an exported list


class KillingHub(RequestHub):
    """A hub that kills its client, before or after a decision takes effect."""

    def __init__(self, draw: random.Random, share: float) -> None:
        super().__init__()
        self.draw, self.share, self.kills = draw, share, Counter[str]()
        self.process: subprocess.Popen[str] | None = None

    def _kill(self, when: str) -> bool:
        if self.process is None or self.draw.random() >= self.share:
            return False
        self.kills[when] += 1
        self.process.kill()
        self.process.wait()
        return True

    def _handled(self, hub: Hub, call: Call) -> Answer:
        if self._kill("before the effect"):
            return Answer.error(500, None, "nobody reads this")
        answer = super()._handled(hub, call)
        self._kill("after it")
        return answer


class Reviewer:
    """Runs commands until they end well; keeps all that they print."""

    def __init__(self, hub: KillingHub, folder: Path) -> None:
        self.hub, self.folder, self.log = hub, folder, folder / "log.jsonl"
        self.runs = Counter[int]()
        self.env = {**os.environ, "HF_ENDPOINT": hub.endpoint, "HF_TOKEN": TOKEN}
        self.env |= {"HF_HOME": str(folder), "GAZESEARCH_REQUESTS_LOG": str(self.log)}
        self.env |= {"GAZESEARCH_DEBUG": "1"}

    def __call__(self, *words: str | Path) -> None:
        command = [sys.executable, "-m", "gazesearch.cli", "requests", *map(str, words)]
        for _ in range(100):
            self.hub.process = subprocess.Popen(
                [*command, "--repo", REPO],
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            output, _ = self.hub.process.communicate()
            status = self.hub.process.returncode
            self.runs[status] += 1
            assert TOKEN not in output
            if status == 0:
                return
            assert status in (-9, 2), output
        raise AssertionError(f"{words}: did not end well in 100 runs")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--requests", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    draw = random.Random(given.seed)
    start = time.monotonic()
    with KillingHub(random.Random(given.seed), 0.02) as hub, tempfile.TemporaryDirectory() as name:
        for k in range(given.requests):
            hub.ask(f"user{k}", days=k % 60, fields={"Country": EVIL} if k % 10 == 0 else {})
        wanted = {
            one.user: draw.choice(["accept", "accept", "reject", ""])
            for one in hub.requests.values()
        }
        reviewer = Reviewer(hub, Path(name))
        random_faults(hub, given.seed, share=0.3, lists=0.02)
        single = [user for user, verdict in wanted.items() if verdict][:SINGLE]
        for user in single:
            reviewer(wanted[user], user, "--yes", "--reason", f"On {user}.")
        left = {user: v for user, v in wanted.items() if v and user not in single}
        while left:
            chosen = dict(list(left.items())[:CHUNK])
            file = reviewer.folder / f"list-{len(left)}.csv"
            reviewer("export", file)
            decided(file, chosen)
            for verdict in ("accept", "reject"):
                reviewer(verdict, "--list", file, "--yes")
            left = {user: v for user, v in left.items() if user not in chosen}
        for one in hub.requests.values():
            verdict = wanted[one.user]
            effects = {"accept": [("accepted", None)], "reject": [("rejected", f"On {one.user}.")]}
            assert one.effects == effects.get(verdict, []), (one, verdict)
        print(verify_log(reviewer.log).partition(": ")[2])
        reviewer("log", "--verify")
        assert TOKEN not in reviewer.log.read_text()
        results = Counter(e.result for e in read_log(reviewer.log) if e.what == "outcome")
        posts = sum(call.method == "POST" for call in hub.state.calls)
        print(f"requests {given.requests}, verdicts {dict(Counter(wanted.values()))}")
        print(f"calls that decide {posts}, outcomes {dict(results)}")
        print(f"commands by status {dict(reviewer.runs)}, kills {dict(hub.kills)}")
        print(f"each decision once: yes; {time.monotonic() - start:.0f} s")


def decided(file: Path, chosen: dict[str, str]) -> None:
    """Fill in the reviewer's two columns."""
    with file.open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    for row in rows:
        row["decision"] = chosen.get(row["account"], "")
        row["reason"] = f"On {row['account']}." if row["decision"] else ""
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main()
