"""The folder of a run: lock, plan, manifest, Parquet parts, and the tables beside them.

Every file is written under a temporary name, synced and renamed: it exists whole or not at all. The manifest
names what the run wrote, so that nothing else is ever removed.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

import polars as pl
from polars.exceptions import PanicException, PolarsError
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from alvh.errors import RunError, mistakes

MANIFEST = "manifest.json"
PLAN = "plan.json"
LOCK = ".lock"
PARTS = "parts"

KEYS = {"path": pl.Int64, "book": pl.Int16}
"""The columns of a part that say what its rows are; every other column is a figure, Float64."""

COMPRESSION: Final = "zstd"
"""Of parts."""

Write = Callable[[Path], object]

_BESIDE = r"^(tables|arms)/[^/]+\.(parquet|toml)$"
_PART = re.compile(r"part-\d{5,}\.parquet(\.tmp)?")
_LARGEST = 40  # characters of a foreign file name in a message


class _Manifest(BaseModel):
    """What this package relies on in a manifest; the rest of it is for people."""

    model_config = ConfigDict(strict=True)

    alvh: str
    status: Literal["running", "complete"]
    plan: str
    paths: int = Field(ge=1)
    chunk: int = Field(ge=1)
    chunks: int = Field(ge=1)
    simd: str
    facts: dict[str, Any]
    files: list[Annotated[str, Field(pattern=_BESIDE)]]
    parts: list[str] = []
    digests: dict[str, str] = {}

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.status == "complete" and not (self.digests and len(self.parts) == self.chunks):
            raise ValueError("digests are missing")
        return self


@dataclass(frozen=True)
class RunFolder:
    """A folder that holds a run, or is to hold one.

    Attributes
    ----------
    path : pathlib.Path
        The folder.
    """

    path: Path

    @classmethod
    def claim(cls, path: str | Path) -> Self:
        """Make the folder; refuse one that holds anything but a run.

        Raises
        ------
        RunError
            It is no folder, cannot be made, or holds files that no run wrote.
        """
        folder = cls(Path(path))
        try:
            folder.path.mkdir(parents=True, exist_ok=True)
            names = sorted(each.name for each in folder.path.iterdir())
            if PARTS in names and any((folder.path / PARTS).glob("part-*.parquet")):
                names.append(f"{PARTS}/part-…")
        except OSError as error:
            raise RunError(f"{path}: cannot be the folder of a run: {error.strerror}") from None
        # What a run leaves that died before its manifest was there.
        begun = {LOCK, PARTS, PLAN, f"{PLAN}.tmp", f"{MANIFEST}.tmp"}
        if MANIFEST not in names and (foreign := [name for name in names if name not in begun]):
            held = ", ".join(name[:_LARGEST] for name in foreign[:3])
            raise RunError(f"{path}: not the folder of a run, and not empty ({held}): give another folder")
        return folder

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep every other process out; the kernel drops the lock of a process that dies.

        Raises
        ------
        RunError
            Another process holds the lock.
        """
        with (self.path / LOCK).open("w") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise RunError(f"{self.path}: another process is writing to it") from None
            yield

    @property
    def begun(self) -> bool:
        """Whether there is a manifest."""
        return (self.path / MANIFEST).exists()

    def part(self, index: int) -> Path:
        """Return the file of a part."""
        return self.path / PARTS / f"part-{index:05d}.parquet"

    def manifest(self) -> dict[str, Any]:
        """Read the manifest.

        Raises
        ------
        RunError
            There is none, or it is not one of this package.
        """
        text = self._text(MANIFEST)
        try:
            _Manifest.model_validate_json(text)
        except ValidationError as error:
            raise RunError(f"{self.path / MANIFEST}: not the manifest of a run: {mistakes(error)}") from None
        manifest: dict[str, Any] = json.loads(text)
        return manifest

    def plan(self) -> Any:
        """Read the specification of the run."""
        try:
            return json.loads(self._text(PLAN))
        except ValueError as error:
            raise RunError(f"{self.path / PLAN}: not JSON: {error}: the folder was altered") from None

    def begin(self, plan: str, manifest: Mapping[str, Any]) -> None:
        """Write plan and manifest; from then on the folder holds a run."""
        (self.path / PARTS).mkdir(exist_ok=True)
        with replacing(self.path / PLAN) as temporary:
            temporary.write_text(plan, encoding="utf-8")
        self.write_manifest(manifest)

    def write_manifest(self, manifest: Mapping[str, Any]) -> None:
        """Replace the manifest."""
        with replacing(self.path / MANIFEST) as temporary:
            temporary.write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")

    def write_part(self, index: int, part: pl.DataFrame | bytes) -> None:
        """Write a part: a frame, or the bytes of its file."""
        with replacing(self.part(index)) as temporary:
            if isinstance(part, bytes):
                temporary.write_bytes(part)
            else:
                part.write_parquet(temporary, compression=COMPRESSION)

    def read_part(self, index: int, keys: pl.DataFrame) -> pl.DataFrame:
        """Read a part whose rows must be those of `keys` (path and book).

        Raises
        ------
        RunError
            It is missing, damaged, or holds other rows.
        """
        path = self.part(index)
        try:
            frame = pl.read_parquet(path, glob=False)
        except FileNotFoundError:
            raise RunError(f"{path}: missing: run the same command with --resume") from None
        except (PolarsError, PanicException, OSError, ValueError):
            raise RunError(f"{path}: not a whole Parquet file: the folder was altered") from None
        schema = KEYS | dict.fromkeys(frame.columns[len(KEYS) :], pl.Float64)
        if frame.schema != schema or frame.null_count().sum_horizontal().item():
            raise RunError(f"{path}: not the columns of a part: the folder was altered")
        if not frame.select(*KEYS).equals(keys):
            raise RunError(f"{path}: holds other rows than this part has: the folder was altered")
        return frame

    def write_beside(self, files: Mapping[str, Write]) -> None:
        """Write further files, such as ``tables/ladder.parquet``; the manifest names them first."""
        if self.begun:
            with self.locked():
                manifest = self.manifest()
                names = sorted({*manifest["files"], *files})
                if names != manifest["files"]:
                    self.write_manifest({**manifest, "files": names})
        for name, write in files.items():
            path = self.path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            with replacing(path) as temporary:
                write(temporary)

    def sweep(self) -> None:
        """Remove what a killed run left half written."""
        beside = self.manifest()["files"] if self.begun else []
        for name in (PLAN, MANIFEST, *beside):
            (self.path / f"{name}.tmp").unlink(missing_ok=True)
        for leftover in (self.path / PARTS).glob("part-*.parquet.tmp"):
            leftover.unlink()

    def clear(self) -> None:
        """Remove the run but for its manifest, which marks the folder as ours until the next replaces it."""
        files = [self.path / name for name in self.manifest()["files"]]
        parts = [each for each in (self.path / PARTS).glob("part-*") if _PART.fullmatch(each.name)]
        for path in (*parts, *files, self.path / PLAN):
            path.unlink(missing_ok=True)
        for parent in {path.parent for path in files}:
            if parent.is_dir() and not any(parent.iterdir()):
                parent.rmdir()

    def remove(self) -> None:
        """Remove the run with its folder and those above it that are empty then; other files in it stay.

        Raises
        ------
        RunError
            Another process is writing to it.
        """
        with self.locked():
            self.sweep()
            self.clear()
            (self.path / MANIFEST).unlink()
            (self.path / LOCK).unlink()
        for folder in (self.path / PARTS, self.path, self.path.parent):
            if not any(folder.iterdir()):
                folder.rmdir()

    def _text(self, name: str) -> str:
        try:
            return (self.path / name).read_text(encoding="utf-8")
        except (FileNotFoundError, NotADirectoryError):
            what = "not the folder of a run" if name == MANIFEST else "the folder was altered"
            raise RunError(f"{self.path}: no {name}: {what}") from None
        except (OSError, UnicodeDecodeError) as error:
            raise RunError(f"{self.path / name}: {error}") from None


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary name; then sync, rename and sync the folder, or remove it where writing failed."""
    temporary = path.with_name(f"{path.name}.tmp")
    try:
        yield temporary
        _sync(temporary)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _sync(path.parent)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
