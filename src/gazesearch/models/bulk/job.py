"""A job: images in batches through a model, part after part, then one output file."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from gazesearch.datasets.image_files import ImageFiles
from gazesearch.errors import BadSetting, DataError, GazeSearchError, first_line
from gazesearch.files import (
    RunRecord,
    digest,
    package_versions,
    ready_folder,
    write_text,
    written_whole,
)
from gazesearch.formats import refuse_unknown_ending, write_parts
from gazesearch.models.asked import Asked, in_batches
from gazesearch.models.bulk.work import Part, Rejected, WorkFolder
from gazesearch.prediction import ScanpathModel
from gazesearch.scanpaths import Scanpaths

Progress = Callable[[str, float], None]

PART_BATCHES: Final = 4
"""So many batches make a part: what an interruption costs at most."""

_ROWS: Final = 10_000  # paths written together, and a row group of Parquet


@dataclass(frozen=True, kw_only=True)
class Done:
    """What a job did.

    Attributes:
        output: the file of paths.
        images: how many were predicted.
        paths: how many paths there are.
        rejected: how many images could not be predicted.
        rejects: table of them, `name,reason`; None where there are none.
        run: the run record, a JSON file.
        resumed: whether an earlier run was gone on with.
    """

    output: Path
    images: int
    paths: int
    rejected: int
    rejects: Path | None
    run: Path
    resumed: bool


def predict_files(
    model: ScanpathModel,
    images: ImageFiles,
    output: Path,
    asked: Asked,
    *,
    batch: int = 4,
    inputs: Mapping[str, str] | None = None,
    draw: Path | None = None,
    progress: Progress | None = None,
) -> Done:
    """Predict for all images and write one file.

    Broken off at any moment and called again with the same arguments, it goes on after the last
    finished part, and the output is the same to the byte as without the break.

    Args:
        model: the model.
        images: what to look at.
        output: `.json`, `.parquet` or `.csv`. Beside it stand `OUTPUT.run.json`,
            `OUTPUT.rejects.csv` if images were rejected, and while it works `OUTPUT.partial/`.
        asked: findings, decoder, draws, seed, frame.
        batch: images read and looked at together; memory grows with it.
        inputs: name and digest of the weights and whatever else the paths depend on.
        draw: folder for a picture of every image and finding, `NAME/FINDING.png`.
        progress: called with what is being done and the fraction done.

    Raises:
        BadSetting: an earlier run of other settings was broken off, or one is still at work.
        DataError: there are no images, or none could be predicted; the rejects table says why.
        UnknownName: the output's ending is not known.
        UnreadableFile: the output cannot be written.
    """
    say = progress or (lambda _text, _done: None)
    if batch < 1:
        raise BadSetting(f"batch={batch}: must be 1 or more")
    if len(images) == 0:
        raise DataError("no images were given")
    refuse_unknown_ending(output)
    if output.is_dir():
        raise BadSetting(f"{output}: is a folder: name a file")
    asked.refuse_unable(model)
    ready_folder(output.parent)
    if draw is not None:
        _refuse_among(draw, images)
        ready_folder(draw)
    record, changed = _record(model, images, asked, batch=batch, inputs=inputs or {}, draw=draw)
    work = WorkFolder(output)
    job = {
        **record.settings,
        **record.inputs,
        "seed": record.seed,
        "times when images were changed": changed,
        **{f"version of {package}": number for package, number in record.versions.items()},
    }
    step = _Step(model=model, images=images, asked=asked, draw=draw, csv=_is_csv(output))
    with work.begun(job) as resumed:
        parts: list[Part] = []
        size = batch * PART_BATCHES
        for number, names in enumerate(in_batches(images, size)):
            part = work.part(number)
            if part is None:
                tables, rejected = list[Scanpaths](), list[Rejected]()
                for start in range(0, len(names), batch):
                    say("predicting", (number * size + start) / len(images))
                    tables += step.take(names[start : start + batch], rejected)
                part = work.finish(number, tables, len(names), rejected)
            parts.append(part)
        say("writing", 1.0)
        return _written(work, parts, output, record, resumed=resumed)


def _record(
    model: ScanpathModel,
    images: ImageFiles,
    asked: Asked,
    *,
    batch: int,
    inputs: Mapping[str, str],
    draw: Path | None,
) -> tuple[RunRecord, str]:
    """The run record, and a digest of when images were changed."""
    listed, changed = images.digest()
    settings = asdict(asked)
    seed = settings.pop("seed")
    record = RunRecord(
        settings={
            "model": model.name,
            "precision": getattr(model, "precision", None),
            **settings,
            "batch": batch,
            "draw": None if draw is None else str(draw),
        },
        inputs={**inputs, "images": f"{len(images):,} names and sizes {listed}"},
        seed=seed,
        versions=package_versions("torch", "pillow"),
    )
    return record, changed


@dataclass(frozen=True, kw_only=True, eq=False)
class _Step:
    """What is done with a batch."""

    model: ScanpathModel
    images: ImageFiles
    asked: Asked
    draw: Path | None
    csv: bool

    def take(self, names: list[str], rejected: list[Rejected]) -> Iterator[Scanpaths]:
        """Paths of the images that can be read; the others are added to those rejected."""
        read: dict[str, NDArray[np.uint8]] = {}
        for name in names:
            try:
                self._refuse_name(name)
                read[name] = self.images[name]
            except (GazeSearchError, MemoryError) as error:
                rejected.append(Rejected(name=_printable(name), reason=self._reason(name, error)))
        if not read:
            return
        paths = self.asked.answer(self.model, read)
        if self.draw is not None:
            _draw(paths, read, self.draw)
        yield paths

    def _reason(self, name: str, error: BaseException) -> str:
        """What an error says, without the path: a table of names may go where that may not."""
        said, path = str(error), self.images.path(name)
        shown = [path, self.images.folder(name)]
        with suppress(OSError, ValueError, RuntimeError):  # a name that no file can have, a loop
            shown += [file.resolve() for file in shown]
        for text in map(str, shown):
            said = said.removeprefix(f"{text}: ").removeprefix(f"{text!r}: ")
        return first_line(DataError(said or type(error).__name__))

    def _refuse_name(self, name: str) -> None:
        """Refuse what no file of scanpaths can call an image."""
        if not name.isprintable():
            raise DataError("the name has letters that cannot be printed: rename the file")
        if self.csv and name != name.strip():
            raise DataError("CSV cannot hold a name that begins or ends with a space: write JSON")


def _refuse_among(draw: Path, images: ImageFiles) -> None:
    """Pictures among the images would be taken for images the next time."""
    for folder in images.folders:
        if draw.resolve().is_relative_to(folder.resolve()):
            raise BadSetting(
                f"{draw}: lies in {folder}, which is searched for images: draw elsewhere"
            )


def _draw(paths: Scanpaths, images: Mapping[str, NDArray[Any]], folder: Path) -> None:
    """A picture of every image and finding, with all its draws."""
    from gazesearch import drawing

    for (name, finding), rows in paths.columns.members(("name", "task")).items():
        figure = drawing.draw(
            {paths.info.name: paths[rows]}, image=images[name], title=f"{name}, {finding}"
        )
        drawing.save(figure, folder / name / f"{finding}.png")


def _printable(name: str) -> str:
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in name)


def _written(
    work: WorkFolder, parts: list[Part], output: Path, record: RunRecord, *, resumed: bool
) -> Done:
    """Write everything that stays, the output last, and remove the work folder."""
    rejected = [one for part in parts for one in part.rejected]
    rejects, run = (output.with_name(output.name + more) for more in (".rejects.csv", ".run.json"))
    paths, images = sum(part.paths for part in parts), sum(part.images for part in parts)
    if rejected:
        with (
            written_whole(rejects) as temporary,
            temporary.open("w", encoding="utf-8", newline="") as out,
        ):
            table = csv.writer(out, lineterminator="\n")
            table.writerow(["name", "reason"])
            table.writerows((one.name, one.reason) for one in rejected)
    else:
        rejects.unlink(missing_ok=True)  # of an earlier run
    if paths == 0:
        work.remove()
        raise DataError(f"none of the {images:,} images could be predicted: {rejects} says why")
    # Written in the work folder and moved: a crash leaves nothing half done beside the output.
    whole = work.root / f".output{output.suffix}"
    write_parts(_joined(work.tables(len(parts))), whole)
    content = {
        **asdict(record),
        "output": {output.name: digest(whole)},
        "counts": {"images": images - len(rejected), "paths": paths, "rejected": len(rejected)},
    }
    write_text(run, json.dumps(content, indent=2) + "\n")
    whole.replace(output)
    work.remove()
    return Done(
        output=output,
        images=images - len(rejected),
        paths=paths,
        rejected=len(rejected),
        rejects=rejects if rejected else None,
        run=run,
        resumed=resumed,
    )


def _joined(tables: Iterator[Scanpaths]) -> Iterator[Scanpaths]:
    """The same paths in fewer tables."""
    waiting = list[Scanpaths]()
    for table in tables:
        waiting.append(table)
        if sum(map(len, waiting)) >= _ROWS:
            yield Scanpaths.concat(waiting)
            waiting = []
    if waiting:
        yield Scanpaths.concat(waiting)


def _is_csv(output: Path) -> bool:
    return output.suffix.lower() == ".csv"
