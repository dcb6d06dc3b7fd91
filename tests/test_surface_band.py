"""The surface a vol point lower and higher: paired, equal in folder and memory, verified with the run."""

import json
import shutil
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import alvh as av
from alvh import figures, runner
from alvh.errors import RunError, SpecError
from alvh.figures.columns import SESSIONS_PER_YEAR
from alvh.market import GBM, L3F
from alvh.surface_band import FOLDERS, band_size, banded, tasks
from run_samples import command, task
from synthetic_paths import CAPITAL, SESSIONS, synthetic_paths

ARMS = [av.preset("plain"), av.preset("plain").fewer_lots()]
ASKED = {"paths": 300, "sessions": 63, "seed": 4, "shares": [0.10, 0.35], "chunk": 128, "surface_band": 200}


def compared(**more) -> av.Comparison:
    return av.compare(ARMS, L3F(vix=18), **{**ASKED, **more})


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("banded") / "run"
    return folder, compared(out=folder)


def test_a_dearer_surface_pays_those_who_sell_it(finished):
    band = finished[1].surface_band()
    assert band.select("arm", "shift").rows() == [
        (arm, shift) for arm in ("plain", "fewer_lots") for shift in (-1.0, 0.0, 1.0)
    ]
    for arm in ("plain", "fewer_lots"):
        low, still, high = band.filter(arm=arm).iter_rows(named=True)
        assert low["difference_high"] < 0 < high["difference_low"]
        assert (still["difference"], still["difference_low"], still["paths"]) == (None, None, 200)
        for row in (low, high):
            assert row["difference"] == pytest.approx(row["estimate"] - still["estimate"], abs=1e-14)
            # Common random numbers: the difference is known far better than the means.
            assert row["difference_high"] - row["difference_low"] < 0.5 * (row["high"] - row["low"])


def test_shift_0_is_the_comparison_itself(finished):
    result = finished[1]
    mine = result.paths().filter(pl.col("path") < 200, pl.col("share") == 0.10, arm="plain").collect()
    returns = (mine["nav"] / result.capital - mine["bills"]) * SESSIONS_PER_YEAR / 63
    row = result.surface_band().row(1, named=True)
    assert row["estimate"] == pytest.approx(returns.mean(), abs=1e-15)


def test_either_side_is_the_comparison_on_a_shifted_market(finished):
    """VIX and SPX stay: the same arms on `surface_shift` of -1 give the same figures."""
    lower = av.compare(
        ARMS, L3F(vix=18, surface_shift=-1.0), **{**ASKED, "paths": 200, "shares": [0.10], "surface_band": 0}
    )
    expected = lower.summary().filter(figure="return_on_nav").select("arm", "estimate", "low", "high")
    found = finished[1].surface_band().filter(shift=-1.0).select("arm", "estimate", "low", "high")
    assert found.equals(expected)
    assert finished[1].band[-1.0].manifest["digests"] == lower.manifest["digests"]


def test_folder_and_memory_say_the_same(finished):
    folder, result = finished
    assert av.Comparison.load(folder).surface_band().equals(result.surface_band())
    assert compared().surface_band().equals(result.surface_band())
    assert pl.read_parquet(folder / "tables/surface_band.parquet").equals(result.surface_band())


def test_threads_and_chunks_change_no_bit(finished):
    for more in ({"threads": 1}, {"threads": 3}, {"chunk": 7}):
        found = compared(**more).band
        assert {shift: side.manifest["digests"] for shift, side in found.items()} == {
            shift: side.manifest["digests"] for shift, side in finished[1].band.items()
        }


def test_resume_computes_what_is_missing_of_the_band(finished, tmp_path):
    folder = shutil.copytree(finished[0], tmp_path / "run")
    shutil.rmtree(folder / "surface" / "higher")
    (folder / "surface/lower/parts/part-00001.parquet").unlink()
    for call in (lambda: av.Comparison.load(folder), lambda: runner.verify(folder)):
        with pytest.raises(RunError, match=r"surface/(lower|higher)"):
            call()
    kept = (folder / "surface/lower/parts/part-00000.parquet").stat().st_ino
    assert compared(out=folder, resume=True).surface_band().equals(finished[1].surface_band())
    assert (folder / "surface/lower/parts/part-00000.parquet").stat().st_ino == kept
    assert runner.verify(folder)


def test_verify_looks_into_the_band(finished, tmp_path):
    folder = shutil.copytree(finished[0], tmp_path / "run")
    part = folder / FOLDERS[1.0] / "parts/part-00001.parquet"
    frame = pl.read_parquet(part)
    frame.with_columns(pl.col("nav") + 1.0).write_parquet(part)
    with pytest.raises(RunError, match=r"surface/higher.*altered"):
        runner.verify(folder)
    # A whole run, but of another plan.
    shutil.rmtree(folder / FOLDERS[1.0])
    shutil.copytree(folder / FOLDERS[-1.0], folder / FOLDERS[1.0])
    with pytest.raises(RunError, match="not the plan that belongs to this run"):
        runner.verify(folder)


def test_overwrite_removes_an_earlier_band_and_nothing_else(finished, tmp_path):
    folder = shutil.copytree(finished[0], tmp_path / "run")
    (folder / "surface/lower/notes.txt").write_text("mine")
    assert compared(out=folder, overwrite=True, surface_band=0).surface_band().is_empty()
    left = {str(each.relative_to(folder)) for each in folder.glob("surface/**/*") if each.is_file()}
    assert left == {"surface/lower/notes.txt"}
    assert "surface_band" not in av.Comparison.load(folder).tables()
    assert runner.verify(folder)


def test_flat_markets_have_a_band_too():
    result = av.compare(ARMS[:1], GBM(vol=0.16), paths=64, sessions=63, shares=[0.10])
    lower, _, higher = result.surface_band()["estimate"]
    assert lower < higher


def test_a_history_has_evenly_spread_starts_and_no_interval(tmp_path):
    days = np.busday_offset("2015-01-05", np.arange(90), roll="forward")
    spot = 2000 * np.exp(0.005 * np.sin(np.arange(90.0)))
    vix = 14 + np.cos(np.arange(90))
    frame = pl.DataFrame({"date": days.astype("datetime64[D]"), "spx": spot, "vix": vix})
    market = av.market.History(frame, rate=0.01, dividend_yield=0.02, gaps="report")
    result = av.compare(ARMS[:1], market, sessions=63, shares=[0.10], surface_band=10)
    starts = len(result.task.spec["starts"])
    assert [len(side.spec["starts"]) for side in tasks(result.task).values()] == [-(-starts // 3)] * 2
    band = result.surface_band()
    assert band["low"].null_count() == band["difference_low"].null_count() == 3
    assert band["difference"].null_count() == 1
    assert band["paths"].unique().to_list() == [-(-starts // 3)]


@pytest.mark.parametrize(
    ("paths", "wanted", "replayed", "size"),
    [
        (20_000, 2_048, False, (2_048, 1)),
        (100, 2_048, False, (100, 1)),
        (100, 2_048, True, (100, 1)),
        (4_097, 2_048, True, (1_366, 3)),
        (5, 0, True, (0, 1)),
    ],
)
def test_the_size_of_the_band(paths, wanted, replayed, size):
    assert band_size(paths, wanted, replayed=replayed) == size


def test_what_cannot_be_shifted_is_refused():
    with pytest.raises(SpecError, match=r"surface_shift = 4\.5: a point more is beyond 5"):
        av.compare(ARMS, L3F(surface_shift=4.5), paths=8, sessions=5, shares=[0.10])
    with pytest.raises(SpecError, match="surface_band = -1"):
        compared(surface_band=-1)
    assert av.compare(ARMS, L3F(surface_shift=4.5), paths=8, sessions=5, shares=[0.1], surface_band=0)


def test_the_figure_pairs_what_it_compares():
    paths = synthetic_paths().filter(arm="plain")
    dearer = paths.with_columns(pl.col("nav") + 1_000.0)
    table = figures.surface_band({0.0: paths, 2.0: dearer}, CAPITAL, SESSIONS, 0.5)
    gain = 1_000 / CAPITAL * SESSIONS_PER_YEAR / SESSIONS
    row = table.filter(shift=2.0).row(0, named=True)
    assert row["difference"] == pytest.approx(gain)
    assert row["difference_high"] - row["difference_low"] < 1e-12
    with pytest.raises(av.AlvhError, match="differences need 0"):
        figures.surface_band({1.0: paths}, CAPITAL, SESSIONS, 0.5)
    with pytest.raises(av.AlvhError, match="does not have the paths of shift 0"):
        figures.surface_band({0.0: paths, 1.0: dearer.filter(pl.col("path") > 0)}, CAPITAL, SESSIONS, 0.5)


def test_the_plan_of_the_comparison_does_not_change_with_the_band():
    assert banded(task(), 100).digest == banded(task(), 0).digest == task().digest


def test_the_command_shows_the_band_below_the_headline(tmp_path):
    options = ("--arm=plain", "--paths=64", "--sessions=21", "--shares=0.1", "--quiet")
    shown = command("compare", *options, "--surface-band=32").stdout
    assert shown.index("margin blow-ups") < shown.index("±1 vol point") < shown.index("P(distress) by")
    assert "on 32 of the paths" in shown
    assert "vol point" not in command("compare", *options, "--surface-band=0").stdout
    told = json.loads(command("compare", *options, "--json").stdout)
    assert {row["shift"] for row in told["surface_band"]} == {-1.0, 0.0, 1.0}
    out: Path = tmp_path / "run"
    assert command("compare", *options, "--out", out).returncode == 0
    assert command("verify", out).stdout.count("digests match") == 1
