"""The arms that ship with the package, as TOML with the requirements that they embody."""

from importlib import resources

from alvh.errors import SpecError, nearest_names
from alvh.playbook.arm import Arm


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
    if name not in presets():
        raise SpecError(f"preset {name!r}: {nearest_names(name, presets())}")
    return (resources.files("alvh") / "presets" / f"{name}.toml").read_text(encoding="utf-8")


def preset(name: str) -> Arm:
    """Return a preset.

    Examples
    --------
    >>> preset("martingale_replace").core.progression.mode
    'replace'
    """
    return Arm.from_toml(preset_text(name), source=f"preset {name}")
