"""A leaderboard as plain files, fit for a git repository. Every score on it is made anew.

board.json      title, metrics with their settings, what ranks, the protocol, digests of all that
protocol.json   the records and rules, pinned
submissions/NAME/
    predictions.json   the predictions of what is scored, sorted; the same bytes everywhere
    submission.json    who made them, and their digest
    scores.json        what they score; never trusted: scored anew whenever the board is read
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from gazesearch.errors import BadSetting, DataError, FaultyBoard, GazeSearchError, UnreadableFile
from gazesearch.evaluation.against import answers_of_control
from gazesearch.evaluation.truth import Truth
from gazesearch.files import write_text
from gazesearch.metrics import Metric
from gazesearch.models.controls import names as control_names
from gazesearch.scanpaths import DurationUnit
from gazesearch.scanpaths.rules import shown
from gazesearch.studies.leaderboard_entries import About, Entry, about_text, read_about, read_entry
from gazesearch.studies.leaderboard_files import (
    canonical,
    checked_name,
    digest_of,
    entries,
    predictions_text,
)
from gazesearch.studies.leaderboard_standings import Standings, standings_of
from gazesearch.studies.submission import MAX_SIZE, Source, check_submission

CLOSE_PX: Final = 1e-6
"""How far a control that is fitted again may lie from its stored predictions."""

Progress = Callable[[str, float], None]


def _quiet(_text: str, _done: float) -> None:
    pass


@dataclass(frozen=True, kw_only=True, eq=False)
class Board:
    """A leaderboard, opened with the annotations that it was made for.

    Attributes:
        root: its folder.
        title: what its page is called.
        truth: the recorded scanpaths that everything is scored against.
        metrics: what is shown.
        ranked_by: the one of them that ranks.
        seed: of the tests.
        annotations: digest of the annotations' file.
        max_size: largest file of predictions that is read, bytes.
    """

    root: Path
    title: str
    truth: Truth
    metrics: tuple[Metric, ...]
    ranked_by: Metric
    seed: int
    annotations: str
    max_size: int = MAX_SIZE

    @property
    def submissions(self) -> Path:
        """The folder of the entries."""
        return self.root / "submissions"

    def names(self) -> list[str]:
        """Names of the entries, sorted.

        Raises:
            FaultyBoard: something stands among them that is no entry, a line each.
        """
        found, faults = [], []
        for name in entries(self.submissions):
            folder = self.submissions / name
            try:
                if name == ".gitkeep":
                    continue
                if name.endswith(".part"):
                    raise DataError(
                        "is of an `add` that goes on: wait; or of one that did not end: remove it"
                    )
                checked_name(name)
                if folder.is_symlink() or not folder.is_dir():
                    raise DataError("is no folder of its own: remove it")
                found.append(name)
            except GazeSearchError as error:
                faults.append(f"{self.submissions}: {shown(name)}: {error}")
        if faults:
            raise FaultyBoard(faults)
        return found

    def add(
        self,
        predictions: Source,
        name: str,
        about: About,
        *,
        duration_unit: DurationUnit | None = None,
        progress: Progress = _quiet,
    ) -> Entry:
        """Check, score and store a submission: the whole folder, or nothing.

        Args:
            predictions: a table or a file.
            name: of its folder.
            about: who made it.
            duration_unit: of `T` in the file; None tells it from its magnitude.
            progress: called with what is being done and the fraction done.

        Raises:
            FaultyBoard: something blocks, or the board has these predictions already.
            BadSetting: the name is none, or is taken.
            UnreadableFile: a file cannot be read or written.
        """
        checked_name(name)
        if about.kind == "submission" and name in control_names():
            raise BadSetting(f"{name}: is what a control is called: take another name")
        self._refuse_taken(name)
        check = check_submission(
            predictions,
            self.truth,
            metrics=self.metrics,
            ranked_by=self.ranked_by if about.kind == "submission" else None,
            duration_unit=duration_unit,
            max_size=self.max_size,
            progress=progress,
        )
        if check.blocking or check.used is None:
            raise FaultyBoard([f"{name}: {remark}" for remark in check.blocking])
        text = predictions_text(canonical(check.used, self.truth))
        digest = digest_of(text)
        for other in self.names():
            if read_about(self.submissions / other / "submission.json")[1] == digest:
                raise FaultyBoard([f"{name}: has the same predictions as {other}: add them once"])
        return self._store(name, text, about_text(about, digest), progress)

    def add_control(self, control: str, *, progress: Progress = _quiet) -> Entry:
        """Fit a control on the protocol's train and add it as a reference row, under its own name.

        Raises:
            As `add`; UnknownName: no control is called so.
        """
        self._refuse_taken(control)
        progress(f"fitting {control}", 0.0)
        answers, _ = answers_of_control(control, self.truth, rng=self.seed)
        about = About(kind="control", title=control, seed=self.seed)
        return self.add(answers, control, about, progress=progress)

    def read(self, *, progress: Progress = _quiet) -> list[Entry]:
        """All entries, checked and scored anew.

        Raises:
            FaultyBoard: files are damaged, altered or do not belong there, a line each.
        """
        found: list[Entry] = []
        faults: list[str] = []
        owner: dict[str, str] = {}
        names = self.names()
        for number, name in enumerate(names):
            progress(name, number / len(names))
            try:
                entry = self._read(self.submissions / name)
            except FaultyBoard as error:
                faults += error.faults
                continue
            if owner.setdefault(entry.digest, name) != name:
                faults.append(
                    f"{self.submissions / name}: has the same predictions as "
                    f"{owner[entry.digest]}: remove one"
                )
            control = entry.about.kind == "control"
            if control != (name in control_names()) or (control and name != entry.about.title):
                faults.append(
                    f"{self.submissions / name}: controls, and only they, bear their names"
                )
            found.append(entry)
        if faults:
            raise FaultyBoard(faults)
        return found

    def check(self, *, controls: bool = False, progress: Progress = _quiet) -> Standings:
        """As `standings`; `controls` also fits every control again and compares its predictions.

        Raises:
            FaultyBoard: as `read`, or a control's predictions are not its own.
        """
        found = self.read(progress=progress)
        faults = []
        for entry in found if controls else ():
            if entry.about.kind == "control":
                progress(f"fitting {entry.name}", 0.5)
                answers, _ = answers_of_control(entry.name, self.truth, rng=entry.about.seed)
                again = canonical(answers, self.truth)
                ours = entry.predictions
                if not np.array_equal(ours.lengths, again.lengths) or not np.allclose(
                    ours.fixations, again.fixations, rtol=0, atol=CLOSE_PX, equal_nan=True
                ):
                    faults.append(
                        f"{self.submissions / entry.name}: altered: the control predicts otherwise"
                    )
        if faults:
            raise FaultyBoard(faults)
        return self._standings(found)

    def standings(self, *, progress: Progress = _quiet) -> Standings:
        """Who stands where; every score is made anew.

        Raises:
            FaultyBoard: as `read`.
        """
        return self._standings(self.read(progress=progress))

    def rescore(self, *, progress: Progress = _quiet) -> list[str]:
        """Write the scores of all entries anew: after a change of metrics, or of this package.

        Returns:
            Names of the entries whose scores have changed.

        Raises:
            FaultyBoard: an entry is faulty; nothing is written then.
        """
        names = self.names()
        found = [self._read(self.submissions / name, stored=None) for name in names]
        changed = []
        for entry in found:
            file = self.submissions / entry.name / "scores.json"
            if not file.is_file() or file.read_bytes() != entry.written.encode():
                write_text(file, entry.written)
                changed.append(entry.name)
            progress(entry.name, len(changed) / len(names))
        return changed

    def _standings(self, found: Sequence[Entry]) -> Standings:
        return standings_of(
            found,
            title=self.title,
            metrics=self.metrics,
            ranked_by=self.ranked_by,
            seed=self.seed,
            protocol=self.truth.protocol,
            first_fixation=self.truth.first_fixation,
            dataset=self.truth.used.info.name,
            annotations=self.annotations,
            records=int(self.truth.rows.sum()),
        )

    def _read(self, folder: Path, *, stored: bool | None = True) -> Entry:
        """An entry; `stored` None leaves its scores out of account, False expects none."""
        return read_entry(
            folder,
            self.truth,
            metrics=self.metrics,
            ranked_by=self.ranked_by,
            keys={"protocol": self.truth.protocol.digest, "annotations": self.annotations},
            max_size=self.max_size,
            stored=stored,
            say=_quiet,
        )

    def _refuse_taken(self, name: str) -> None:
        if os.path.lexists(self.submissions / name):
            raise BadSetting(f"{name}: the board has one of this name: take another")

    def _store(self, name: str, predictions: str, about: str, progress: Progress) -> Entry:
        """Write a folder beside the others and give it its name once all is there."""
        made: Path | None = None
        try:
            made = Path(tempfile.mkdtemp(dir=self.submissions, prefix=f".{name}.", suffix=".part"))
            write_text(made / "predictions.json", predictions)
            write_text(made / "submission.json", about)
            progress("scoring", 0.5)
            entry = self._read(made, stored=False)
            write_text(made / "scores.json", entry.written)
            made.chmod(0o755)
            self._refuse_taken(name)
            made.rename(self.submissions / name)
            return replace(entry, name=name)
        except OSError as error:
            if isinstance(error, GazeSearchError):
                raise
            where = self.submissions / name
            raise UnreadableFile(f"{where}: cannot be written: {error.strerror}") from error
        finally:
            if made is not None:
                shutil.rmtree(made, ignore_errors=True)
