"""`import alvh` is cheap: nothing else is loaded; every name is there on first use."""

import importlib
import inspect
import subprocess
import sys

import pytest

import alvh

HEAVY = ("polars", "pydantic", "typer", "rich", "scipy", "pandas", "arch")
BUDGET = 0.050  # seconds of the processor beyond NumPy: of the least of the runs, as what else runs only adds
RUNS = 5


def python(code: str) -> str:
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return ran.stdout.strip()


def test_import_takes_at_most_fifty_milliseconds_beyond_numpy():
    code = "import numpy, time; t = time.process_time(); import alvh; print(time.process_time() - t)"
    assert min(float(python(code)) for _ in range(RUNS)) < BUDGET


def test_import_loads_nothing_heavy():
    loaded = python("import sys, alvh; print(*sorted({name.split('.')[0] for name in sys.modules}))").split()
    assert not set(HEAVY) & set(loaded)
    ours = python("import sys, alvh; print(*(name for name in sys.modules if name.startswith('alvh')))")
    assert set(ours.split()) == {"alvh"}


def test_pricing_needs_no_frames():
    loaded = python("import sys; from alvh import pricing; print(*sys.modules)").split()
    assert not set(HEAVY) & set(loaded)


def test_command_shows_its_help_without_the_library():
    code = "import sys; from alvh import cli; print(*sys.modules)"
    assert not {"polars", "pydantic", "alvh.comparison"} & set(python(code).split())


def test_dir_is_complete():
    assert dir(alvh) == sorted(alvh.__all__)
    assert set(alvh.__all__) == {*alvh._HOME, *alvh._MODULES}


@pytest.mark.parametrize("name", alvh.__all__)
def test_every_name_is_there_and_documented(name):
    value = getattr(alvh, name)
    if name != "__version__":
        assert inspect.getdoc(value)


@pytest.mark.parametrize("name", alvh._MODULES)
def test_every_public_function_and_class_of_a_module_is_documented(name):
    module = importlib.import_module(f"alvh.{name}")
    public = getattr(module, "__all__", [each for each in vars(module) if not each.startswith("_")])
    for each in public:
        value = getattr(module, each)
        if getattr(value, "__module__", "").startswith("alvh") and callable(value):
            assert inspect.getdoc(value), f"{name}.{each}"


def test_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'unknown'"):
        _ = alvh.unknown
    assert not hasattr(alvh, "unknown")
