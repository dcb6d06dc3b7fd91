"""The arms that ship with the package, as TOML with the requirements that they embody."""

from importlib import resources

from alvh.errors import SpecError, nearest_names
from alvh.playbook.arm import Arm

ALIASES = {"martingale": "martingale_replace"}
"""Further names of presets: doubling without a mode is what :meth:`Arm.doubling` does without one (R10)."""


def presets() -> tuple[str, ...]:
    """Return the names of the arms that ship with the package.

    Examples
    --------
    >>> "plain" in presets()
    True
    """
    folder = resources.files("alvh") / "presets"
    names = (item.name for item in folder.iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml")))


def preset_text(name: str) -> str:
    """Return a preset's TOML, comments included.

    Raises
    ------
    SpecError
        No preset has that name.
    """
    known = ALIASES.get(name, name)
    if known not in presets():
        raise SpecError(f"preset {name!r}: {nearest_names(name, (*presets(), *ALIASES))}")
    return (resources.files("alvh") / "presets" / f"{known}.toml").read_text(encoding="utf-8")


def preset(name: str) -> Arm:
    """Return a preset; `ALIASES` are names of the same arms.

    Examples
    --------
    >>> preset("martingale").name, preset("martingale").core.progression.mode
    ('martingale_replace', 'replace')
    """
    return Arm.from_toml(preset_text(name), source=f"preset {name}")
