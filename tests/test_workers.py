"""Work in other processes of this machine: whole, in any order, and gone when it is not wanted any more."""

import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest

import alvh as av
from alvh.errors import RunError, ScoreError
from alvh.workers import Processes, Ray, elsewhere
from alvh.workers.build import Build
from run_samples import surroundings
from worker_samples import PATIENCE, die, hold, refuse, square, threads_of_polars


@pytest.fixture(autouse=True)
def importable(monkeypatch):
    """A fresh interpreter finds the samples."""
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))


def test_every_item_is_done_once():
    assert dict(Processes(2).completed(square, range(9))) == {n: n * n for n in range(9)}
    assert list(Processes(2).completed(square, [])) == []


def test_a_mistake_comes_back_as_it_was():
    with pytest.raises(ScoreError, match="number = 4: not this one") as caught:
        list(Processes(1).completed(refuse, [4]))
    assert (caught.value.column, caught.value.value) == ("number", 4)


def test_a_process_that_is_killed_is_an_error_with_the_mend():
    with pytest.raises(RunError, match=r"workers = 1 ended before.*killed.*resume, with fewer workers"):
        list(Processes(1).completed(die, [1]))


def test_polars_does_not_take_every_core_in_each():
    assert dict(Processes(1).completed(threads_of_polars, [0], cpus=1)) == {0: 1}


def test_workers_end_with_the_process_that_began_them(tmp_path):
    program = (
        "from functools import partial\n"
        "from alvh.workers import Processes\n"
        "from worker_samples import hold\n"
        f"list(Processes(1).completed(partial(hold, {str(tmp_path)!r}), [1]))"
    )
    environment = surroundings(PYTHONPATH=str(Path(__file__).parent))
    parent = subprocess.Popen([sys.executable, "-c", program], env=environment)
    end = time.monotonic() + PATIENCE
    while not (found := list(tmp_path.glob("1.*"))):
        assert time.monotonic() < end
        assert parent.poll() is None
        time.sleep(0.01)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    worker = int(found[0].suffix[1:])
    while Path(f"/proc/{worker}").exists():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_closed_early_the_rest_is_dropped(tmp_path):
    found = Processes(1).completed(partial(hold, tmp_path), range(100))
    (tmp_path / "go").touch()
    assert next(found) == (0, 0)
    found.close()
    assert len(list(tmp_path.glob("*.*"))) <= 3


def test_what_names_no_workers_is_refused():
    assert elsewhere("local") is None
    assert elsewhere("ray") == Ray()
    assert elsewhere(Ray("head:6379")).address == "head:6379"
    with pytest.raises(RunError, match="runner = 'dask': 'local', 'ray'"):
        elsewhere("dask")
    for count in (0, 2.0, 5000):
        with pytest.raises(RunError, match=r"workers = .* a whole number from 1 to"):
            Processes(count)


def test_an_audit_runs_where_it_is_told():
    with pytest.raises(RunError, match="runner = 'dask'"):
        av.audit(paths=1, runner="dask")


def test_builds_that_give_other_bits_are_refused():
    asks = Build("0.1.0", "avx512")
    Build("0.1.0", "avx2").require(asks)
    with pytest.raises(RunError, match=r"a worker has alvh 0\.2\.0, the process that asks 0\.1\.0"):
        Build("0.2.0", "avx512").require(asks)
    with pytest.raises(RunError, match="the SIMD variant baseline, the process that asks avx512"):
        Build("0.1.0", "baseline").require(asks)


def test_without_ray_the_mend_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(RunError, match=r"ray is not installed here\. Mend: pip install 'alvh\[ray\]'"):
        next(Ray().completed(square, [1]))
