"""The parts of a run over many files: a Parquet file for each chain, in a folder beside the result.

A part is written under a temporary name, synced and renamed: it exists whole or not at all. It names its
file, the hash of that file's content and of what was asked, so that it counts for nothing else.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

import polars as pl
from polars.exceptions import PanicException, PolarsError

from alvh import _core
from alvh.errors import RunError
from alvh.run_folder import LOCK, MANIFEST, RunFolder, replacing
from alvh.runner import check_variant
from alvh.scoring.sources import parts_of

if TYPE_CHECKING:
    from alvh.scoring.job import ScoreJob

KIND: Final = "scores"
"""Key of the options in the manifest, which no manifest of another run has."""

ABOUT: Final = "alvh"
"""Key of what a part says of itself, in the metadata of its Parquet file."""

WITHOUT_EFFECT: Final = {"threads"}
"""Options that do not change the result."""


def asked(job: ScoreJob) -> dict[str, Any]:
    """Return the options of a job that determine its result, as JSON has them."""
    told = {each.name: getattr(job, each.name) for each in fields(job) if each.name not in WITHOUT_EFFECT}
    told["width"] = job.widths  # a list of two widths is no range
    if job.model is not None and not isinstance(job.model, str):
        told["model"] = [type(job.model).__name__, json.loads(job.model._json())]  # noqa: SLF001 -- what the core reads
    if is_dataclass(job.rules):
        told["rules"] = [type(job.rules).__name__, asdict(job.rules)]
    for name, value in told.items():
        if isinstance(value, pl.Expr):
            told[name] = json.loads(value.meta.serialize(format="json"))
    plain: dict[str, Any] = json.loads(json.dumps(told, sort_keys=True))
    return plain


def digest(value: object) -> str:
    """Return a hash of what JSON can write."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def content(path: Path) -> str:
    """Return the hash of a file's content."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


@dataclass(frozen=True)
class Parts:
    """The folder of the parts of one result.

    Attributes
    ----------
    path : pathlib.Path
        The folder.
    options : dict
        What is asked of every file.
    """

    path: Path
    options: dict[str, Any]

    @classmethod
    @contextmanager
    def claimed(cls, out: Path, job: ScoreJob, *, resume: bool, overwrite: bool) -> Iterator[Self]:
        """Make the folder beside `out` ready, and keep every other process out.

        Raises
        ------
        RunError
            It holds what another call asked for or other files, `out` is in no folder or not ours, or
            another process is writing.
        """
        if out.is_dir() or not out.parent.is_dir():
            raise RunError(f"out = {out}: a file in a folder that exists")
        parts = cls(parts_of(out), asked(job))
        known = parts.path / MANIFEST
        if out.exists() and not (known.exists() or overwrite):
            raise RunError(
                f"{out}: exists, and {parts.path} is not there to go on: overwrite, or give another"
            )
        parts.path.mkdir(exist_ok=True)
        begun = {LOCK, f"{MANIFEST}.tmp"}
        foreign = sorted(each.name for each in parts.path.iterdir() if each.name not in begun)
        if foreign and not known.exists():
            raise RunError(f"{parts.path}: holds files that no run wrote ({foreign[0]}): give another out")
        with RunFolder(parts.path).locked():
            for leftover in parts.path.glob("part-*.parquet.tmp"):
                leftover.unlink()
            if known.exists() and not overwrite:
                parts._check(resume=resume)
            else:
                for old in parts.path.glob("part-*.parquet"):
                    old.unlink()
                parts._begin()
            yield parts

    @property
    def digest(self) -> str:
        """Hash of what is asked."""
        return digest(self.options)

    def of(self, file: Path) -> Path:
        """Return the part of a file."""
        name = hashlib.sha256(file.as_posix().encode()).hexdigest()[:16]
        return self.path / f"part-{name}.parquet"

    def finished(self, file: Path) -> bool:
        """Whether the part of a file is there, made of its content as it is now.

        Raises
        ------
        RunError
            The part is damaged.
        """
        part = self.of(file)
        if not part.exists():
            return False
        try:
            now = content(file)
        except OSError:
            return False  # whoever reads it says why
        said = self._about(part)
        return (said["file"], said["content"], said["asked"]) == (file.as_posix(), now, self.digest)

    def write(self, file: Path, content: str, frame: pl.DataFrame, counts: dict[str, int]) -> None:
        """Write the part of a file."""
        about = {"file": file.as_posix(), "content": content, "asked": self.digest, "counts": counts}
        with replacing(self.of(file)) as temporary:
            frame.write_parquet(temporary, compression="zstd", metadata={ABOUT: json.dumps(about)})

    def read(self, file: Path) -> tuple[pl.DataFrame, dict[str, int]]:
        """Return the rows of a finished part, and what was counted.

        Raises
        ------
        RunError
            The part is damaged.
        """
        part = self.of(file)
        try:
            return pl.read_parquet(part, glob=False), self._about(part)["counts"]
        except (PolarsError, PanicException, OSError):
            raise _damaged(part) from None

    @staticmethod
    def _about(part: Path) -> dict[str, Any]:
        try:
            about: dict[str, Any] = json.loads(pl.read_parquet_metadata(part)[ABOUT])
        except (PolarsError, PanicException, OSError, ValueError, KeyError):
            raise _damaged(part) from None
        return about

    def _begin(self) -> None:
        manifest = {
            "alvh": _core.__version__,
            "simd": _core.simd_variant(),
            "polars": pl.__version__,
            "asked": self.digest,
            KIND: self.options,
        }
        with replacing(self.path / MANIFEST) as temporary:
            temporary.write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")

    def _check(self, *, resume: bool) -> None:
        path = self.path / MANIFEST
        try:
            manifest = json.loads(path.read_text(encoding="utf-8"))
            was, version, ours = manifest[KIND], manifest["alvh"], "simd" in manifest
        except (OSError, ValueError, KeyError, TypeError):
            ours = False
        if not ours:
            raise RunError(f"{path}: not the manifest of scores: give another out")
        if not resume:
            raise RunError(f"{self.path}: holds a run already: resume it, overwrite it, or give another out")
        for name in sorted({*was, *self.options}):
            if was.get(name) != self.options.get(name):
                raise RunError(
                    f"{self.path}: was begun with {name} = {_shown(was.get(name))}, now it is "
                    f"{_shown(self.options.get(name))}: give the same options, overwrite, or give another out"
                )
        if version != _core.__version__:
            raise RunError(f"{self.path}: was begun by alvh {version}: finish it with that version")
        check_variant(self.path, manifest)


def _shown(value: object) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else text[:59] + "…"


def _damaged(part: Path) -> RunError:
    return RunError(f"{part}: not a whole part: the folder was altered. Mend: remove that file, and resume")
