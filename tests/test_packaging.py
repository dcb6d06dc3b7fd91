"""What is installed: presets, data, types; and no download address in any tracked file."""

import re
import subprocess
import tomllib
from datetime import date
from importlib import metadata, resources
from pathlib import Path

import pytest

import alvh
from alvh import _core, contracts, playbook, schedule
from run_samples import command

ROOT = Path(__file__).parent.parent
NEEDED = {
    "alvh/py.typed",
    "alvh/_core.pyi",
    "alvh/data/contracts.toml",
    "alvh/data/scenarios.toml",
    "alvh/data/sessions.json",
    *(f"alvh/presets/{name}.toml" for name in playbook.presets()),
}

# Addresses that a lock file or a pinned requirement would hold.
DOWNLOAD = re.compile(
    r"https?://\S*(/simple/|/packages/|\.whl|\.crate|\.tar\.gz)|--(extra-)?index-url", re.IGNORECASE
)


def test_data_is_found_where_the_package_is():
    package = resources.files("alvh")
    for name in NEEDED:
        assert package.joinpath(*name.split("/")[1:]).is_file(), name
    assert contracts.products()
    assert schedule.sessions(date(2024, 1, 2), date(2024, 1, 3))
    assert len(playbook.presets()) >= 7


def test_installed_files_are_complete():
    names = {str(each) for each in metadata.files("alvh") or ()}
    if "alvh/__init__.py" not in names:
        pytest.skip("installed for development: the files are those of the checkout")
    assert names >= NEEDED
    assert any(re.fullmatch(r"alvh/_core\.abi3\.(so|pyd)|alvh/_core\..*\.(so|pyd)", name) for name in names)
    assert not [name for name in names if name.startswith("tests/")]


def test_versions_agree():
    cargo = tomllib.loads((ROOT / "Cargo.toml").read_text())
    version = cargo["workspace"]["package"]["version"]
    assert version == alvh.__version__ == _core.__version__ == metadata.version("alvh")
    assert command("--version").stdout == f"alvh {version}\n"


def test_command_is_installed():
    (script,) = [each for each in metadata.entry_points(group="console_scripts") if each.name == "alvh"]
    assert script.value == "alvh.cli:main"


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode != 0:
        pytest.skip("not a checkout")
    return [ROOT / name for name in listed.stdout.split("\0") if name]


def test_no_tracked_file_holds_a_download_address():
    found = []
    for path in tracked():
        if path.name == "Cargo.lock" or path == Path(__file__) or not path.is_file():
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        found += [f"{path.relative_to(ROOT)}: {match.group()}" for match in DOWNLOAD.finditer(text)]
    assert not found


def test_lock_file_names_one_registry_and_no_repository():
    sources = set(re.findall(r'source = "(.*)"', (ROOT / "Cargo.lock").read_text()))
    assert len(sources) == 1
    assert sources.pop().startswith("registry+")
