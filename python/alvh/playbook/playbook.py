"""A playbook: the arms that a desk chooses between, and who may add risk in any of them (R87)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError, field_validator

from alvh.errors import SpecError, mistakes, nearest_names
from alvh.playbook import document
from alvh.playbook.arm import Arm
from alvh.playbook.entries import Schedule
from alvh.playbook.frozen import Frozen, listed
from alvh.playbook.governance import Governance
from alvh.playbook.shipped import preset


class Playbook(Frozen):
    """A rule set of one or more arms under common governance: one object, one file, one hash (R87).

    Parameters
    ----------
    name
        Of the playbook.
    arms
        The first one is the base of differences.
    about
        A sentence.
    governance, schedule
        Of every arm that has none of its own (R88).

    Examples
    --------
    >>> import alvh as av
    >>> plain = av.preset("plain")
    >>> desk = Playbook("desk", [plain, plain.stop()], governance=av.Governance())
    >>> [arm.governance.needs for arm in desk.arms], desk["stop_2x"].core.exit
    ([2, 2], loss >= 2 * credit)
    >>> Playbook.from_toml(desk.to_toml()) == desk
    True
    """

    name: str
    arms: tuple[Arm, ...]
    about: str = ""
    governance: Governance | None = None
    schedule: Schedule | None = None

    def __init__(
        self,
        name: str,
        arms: Sequence[Arm],
        *,
        about: str = "",
        governance: Governance | None = None,
        schedule: Schedule | None = None,
    ) -> None:
        shared = {"governance": governance, "schedule": schedule}
        try:
            BaseModel.__init__(self, name=name, arms=_governed(arms, **shared), about=about, **shared)
        except ValidationError as error:
            raise SpecError(f"playbook {name!r}: {mistakes(error)}") from None

    @field_validator("arms")
    @classmethod
    def _unique(cls, arms: tuple[Arm, ...]) -> tuple[Arm, ...]:
        if not arms:
            raise ValueError("write at least one [[arm]]")
        names = [arm.name for arm in arms]
        if len(set(names)) < len(names):
            raise ValueError(f"names of arms must differ: {', '.join(names)}")
        return arms

    def __getitem__(self, name: str) -> Arm:
        """Return an arm by its name."""
        for arm in self.arms:
            if arm.name == name:
                return arm
        raise SpecError(f"arm {name!r}: {nearest_names(name, [arm.name for arm in self.arms])}")

    @property
    def digest(self) -> str:
        """Hash of all that the engine acts on, and of every override with who and why (R87)."""
        told = [(arm.name, arm.digest) for arm in self.arms]
        return hashlib.sha256(json.dumps(told).encode()).hexdigest()

    def to_toml(self) -> str:
        """Return the playbook as a TOML document that `from_toml` reads back."""
        about = [f"about = {json.dumps(self.about, ensure_ascii=False)}"] if self.about else []
        lines = [f"schema = {document.SCHEMA}", f"name = {json.dumps(self.name, ensure_ascii=False)}", *about]
        shared = {"governance": self.governance, "schedule": self.schedule}
        tables = {key: each.document() for key, each in shared.items() if each is not None}
        lines += document.lines_of({}, [], tables)
        for arm in self.arms:
            own = arm.model_copy(
                update={key: None for key, each in shared.items() if getattr(arm, key) == each}
            )
            lines += ["", "[[arm]]", *own.lines("arm.")]
        return "\n".join(lines) + "\n"

    @classmethod
    def from_toml(cls, text: str, *, source: str = "playbook") -> Playbook:
        """Read a playbook from a TOML document; a document of a single arm is a playbook as well.

        ``[[arm]]`` tables are arms, each in full or as ``preset = "alvh_0"``.

        Raises
        ------
        SpecError
            Not TOML, an unknown key, or a value outside its domain: the message has the key's path and line.
        """
        tables, place = document.read(text, source)
        if "arm" not in tables:
            arm = Arm.of(tables, place)
            return cls(arm.name, [arm], about=arm.about)
        found, rest = tables.pop("arm"), {key: tables.pop(key, None) for key in ("name", "about")}
        if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
            raise SpecError(f"{place.at('arm')}: arm: write each arm as a table [[arm]]")
        rules: dict[str, Any] = {
            kind: document.part(kind, tables.pop(kind), place)
            for kind in ("governance", "schedule")
            if kind in tables
        }
        document.refuse_unknown(tables, document.KNOWN_OF_SETS, place)
        if not isinstance(rest["name"], str):
            raise SpecError(f"{source}: name: every playbook needs one, as text")
        if not isinstance(rest["about"], str | None):
            raise SpecError(f"{place.at('about')}: about = {rest['about']!r}: a text")
        arms = [_arm(table, place.within("arm", index)) for index, table in enumerate(found)]
        try:
            return cls(rest["name"], arms, about=rest["about"] or "", **rules)
        except SpecError as error:
            raise SpecError(f"{source}: {error}") from None

    @classmethod
    def read(cls, path: str | Path) -> Playbook:
        """Read a playbook from a TOML file."""
        return cls.from_toml(document.text_of(path), source=str(path))


def _arm(table: dict[str, Any], place: document.Place) -> Arm:
    """Read a table [[arm]]: an arm in full, or a preset by its name."""
    if "preset" not in table:
        return Arm.of(table, place)
    name = table.pop("preset")
    document.refuse_unknown(table, ("preset",), place)
    try:
        return preset(str(name))
    except SpecError as error:
        raise SpecError(f"{place.at('preset')}: {error}") from None


def _governed(arms: Sequence[Arm], **shared: Governance | Schedule | None) -> tuple[Arm, ...]:
    """Give arms what the playbook has and they do not."""
    found = []
    given = {key: each for key, each in shared.items() if each is not None}
    for arm in listed(arms):
        lacking = isinstance(arm, Arm) and {
            key: each for key, each in given.items() if getattr(arm, key) is None
        }
        found.append(arm.replace(name=arm.name, about=arm.about, **lacking) if lacking else arm)
    return tuple(found)


def arms_of(given: Playbook | Iterable[Arm | Playbook]) -> tuple[Arm, ...]:
    """Return the arms of what `compare` is given: arms, playbooks, or both.

    Examples
    --------
    >>> [arm.name for arm in arms_of([preset("plain"), Playbook("desk", [preset("stop_2x")])])]
    ['plain', 'stop_2x']

    Raises
    ------
    SpecError
        Something else is among them, such as the name of a preset.
    """
    if isinstance(given, Arm | str) or not isinstance(given, Playbook | Iterable):
        raise SpecError(
            f"arms: a list of arms, or a Playbook, not {type(given).__name__}. Mend: [{_as_arm(given)}]"
        )
    listed = [given] if isinstance(given, Playbook) else list(given)
    for each in listed:
        if not isinstance(each, Arm | Playbook):
            mend = _as_arm(each) if isinstance(each, str) else "preset(…), or Arm.read(…)"
            raise SpecError(f"arms: {each!r} is a {type(each).__name__}: an Arm or a Playbook. Mend: {mend}")
    return tuple(arm for each in listed for arm in (each.arms if isinstance(each, Playbook) else [each]))


def _as_arm(given: object) -> str:
    return f"preset({given!r}), or Arm.read(…)" if isinstance(given, str) else "arm"
