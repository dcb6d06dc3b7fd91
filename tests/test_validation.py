"""Facts against naive twins, verdicts, and the default market's table."""

import json
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest
from scipy import stats

import markdown_pages
from alvh import market
from alvh.errors import HistoryError, SpecError
from alvh.report.validation import sentences
from alvh.validation import (
    FACTS,
    INSIDE,
    KNOWN,
    MISS,
    UNKNOWN,
    Panel,
    closes,
    facts_of,
    history_panel,
    known_misses,
    simulated_panel,
    targets,
    validate,
)
from run_samples import command

BY_NAME = {fact.name: fact.statistic for fact in FACTS}


@pytest.fixture(scope="module")
def default():
    """The default market's validation, some seconds."""
    return validate(market.L3F())


def made_panel(paths=3, sessions=900, seed=0):
    """Closes with crises, so that every fact of closes has something to count."""
    rng = np.random.default_rng(seed)
    vix = 20 * np.exp(np.cumsum(rng.normal(0, 0.05, (paths, sessions)), axis=1))
    spot = 100 * np.exp(np.cumsum(rng.standard_t(4, (paths, sessions)) * 0.01, axis=1))
    return Panel(spot, vix)


# Facts


def within_quarter(vix):
    """Loops, a session at a time."""
    inside = [all(vix[t - i] > 28 for i in range(3)) if t >= 2 else False for t in range(len(vix))]
    follows = [any(inside[t + 1 : t + 64]) for t in range(2, len(vix) - 63) if vix[t] < 20]
    starts = sum(inside[t] and not inside[t - 1] for t in range(3, len(vix)))
    return starts, follows


def test_spells_equal_their_naive_twin():
    panel = made_panel()
    counted = [within_quarter(path) for path in panel.vix.tolist()]
    assert sum(starts for starts, _ in counted) > 5
    assert BY_NAME["spells"](panel) == pytest.approx(sum(n for n, _ in counted) / (3 * 900 / 252))
    follows = [each for _, path in counted for each in path]
    assert 0 < np.mean(follows) < 1
    assert BY_NAME["spell_out_of_calm"](panel) == pytest.approx(np.mean(follows))


def test_moments_equal_their_naive_twins():
    panel = made_panel(paths=1)
    returns, ln_vix = np.diff(np.log(panel.spot[0])), np.log(panel.vix[0])
    implied = [(panel.vix[0, t] / 100) ** 2 for t in range(len(returns) - 20)]
    realised = [12 * sum(returns[t : t + 21] ** 2) for t in range(len(returns) - 20)]
    expected = {
        "return_vol": np.std(returns) * 252**0.5,
        "return_kurtosis": stats.kurtosis(returns),
        "return_q05": 100 * np.quantile(returns, 0.05),
        "realised_over_implied": np.mean(realised) / np.mean(implied),
        "vix_q75": np.quantile(panel.vix, 0.75),
        "ln_vix_move_sd": np.std(np.diff(ln_vix)),
        "return_vix_correlation": stats.pearsonr(returns, np.diff(ln_vix)).statistic,
        "vix_jumps": sum(b > 1.3 * a for a, b in zip(panel.vix[0], panel.vix[0, 1:], strict=False))
        / (900 / 252),
        "share_above_25": sum(vix > 25 for vix in panel.vix[0]) / 900,
        "absolute_return_acf_20": stats.pearsonr(abs(returns[20:]), abs(returns[:-20])).statistic,
        "squared_return_acf_1": stats.pearsonr(returns[1:] ** 2, returns[:-1] ** 2).statistic,
        "ln_vix_acf_63": stats.pearsonr(ln_vix[63:], ln_vix[:-63]).statistic,
    }
    found = facts_of(panel)
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, rel=1e-9), name
    k = int(found["ln_vix_half_life"])
    correlation = [stats.pearsonr(ln_vix[lag:], ln_vix[:-lag]).statistic for lag in range(1, k + 1)]
    assert correlation[-1] < 0.5 <= min(correlation[:-1])


def test_a_panel_without_futures_has_no_facts_of_them():
    lacking = set(BY_NAME) - set(facts_of(made_panel(paths=1)))
    assert lacking == {fact.name for fact in FACTS if fact.group == "VIX futures"}


def test_simulated_futures_are_those_of_their_tenors():
    """Front 21 to 1 sessions before it settles, second a cycle later; a change is of one contract."""
    model, years = market.L3F(), 2
    held = simulated_panel(model, 2, years, seed=3).futures
    day = 30 / 21
    tenors = [21 * day, day, 42 * day, 22 * day, 38, 38 - day]
    found = model.simulate(2, 3 * 252 - 1, seed=3, vx_days=tenors)
    vx = {days: found[f"vx{k}"][:, 252:] for k, days in enumerate(tenors, start=1)}
    np.testing.assert_array_equal(held.front[:, ::21], vx[21 * day][:, ::21])
    np.testing.assert_array_equal(held.front[:, 20::21], vx[day][:, 20::21])
    np.testing.assert_array_equal(held.second[:, ::21], vx[42 * day][:, ::21])
    np.testing.assert_array_equal(held.second[:, 20::21], vx[22 * day][:, 20::21])
    np.testing.assert_allclose(held.moves[38], np.log(vx[38 - day][:, 1:] / vx[38][:, :-1]), rtol=1e-12)


# Targets and verdicts


def test_every_fact_has_a_target_and_history_is_accepted():
    assert list(targets()) == list(BY_NAME)
    for name, target in targets().items():
        assert target.low <= target.history <= target.high, name


def test_the_default_market_misses_only_what_is_known(default):
    assert default.ok, sentences(default)
    assert set(default.known()["fact"]) == set(known_misses("l3f")), "take out what is no longer missed"


@pytest.mark.slow
def test_pdv4_misses_only_what_is_known():
    found = validate(market.PDV4())
    assert found.ok, sentences(found)
    assert set(found.known()["fact"]) == set(known_misses("pdv4")), "take out what is no longer missed"


def replaying(spot, vix):
    """A market whose every path is the given one, and whose futures are VIX."""

    def simulate(paths, sessions, *, seed, vx_days):
        columns = {"spot": spot, "vix": vix} | {f"vx{k}": vix for k in range(1, len(vx_days) + 1)}
        return {name: np.tile(values[: sessions + 1], (paths, 1)) for name, values in columns.items()}

    return SimpleNamespace(model="replaying", simulate=simulate)


def test_a_fact_is_inside_only_if_range_and_paths_have_it():
    panel = made_panel(paths=1, sessions=4 * 252)
    found = validate(replaying(panel.spot[0], panel.vix[0]), paths=20, years=3)
    for row in found.table().iter_rows(named=True):
        target = targets()[row["fact"]]
        accepted = target.low <= row["value"] <= target.high
        reached = row["low"] <= row["history"] <= row["high"]
        assert row["verdict"] == (INSIDE if accepted and reached else MISS), row["fact"]
    assert not found.ok


def test_a_history_of_one_s_own_replaces_the_closes_only():
    days = pl.date_range(pl.date(2015, 1, 1), pl.date(2019, 12, 31), eager=True)
    sessions = market.History(
        pl.DataFrame({"date": days, "spx": 2000.0, "vix": 15.0}), rate=0.0, dividend_yield=0.0, gaps="report"
    )
    assert facts_of(history_panel(sessions))["vix_mean"] == 15.0
    rows = {
        row["fact"]: row
        for row in validate(market.GBM(), paths=20, years=2, history=sessions).table().iter_rows(named=True)
    }
    assert rows["vix_mean"]["history"] == 15.0
    # A VIX that never moves has no correlations: not those of another history.
    assert rows["ln_vix_acf_21"]["history"] is None
    assert rows["slope_q50"]["history"] == targets()["slope_q50"].history


def own_history(sessions, seed=0):
    panel = made_panel(paths=1, sessions=sessions, seed=seed)
    days = pl.date_range(pl.date(2012, 1, 1), pl.date(2019, 12, 31), eager=True).head(sessions)
    return market.History(
        pl.DataFrame({"date": days, "spx": panel.spot[0], "vix": np.clip(panel.vix[0], 8, 120)}),
        rate=0.0,
        dividend_yield=0.0,
        gaps="report",
        allow_jumps=True,
    )


def test_single_paths_are_as_long_as_a_history_of_one_s_own():
    recorded = own_history(1250)
    sessions = len(recorded.data)
    found = validate(market.GBM(), paths=20, history=recorded)
    assert found.years == round(sessions / 252) >= 2
    assert validate(market.GBM(), paths=20, years=3, history=recorded).years == 3
    with pytest.raises(HistoryError, match=r"sessions: at least 2 years, which is 504.*Mend"):
        validate(market.GBM(), paths=20, history=own_history(500))


def test_what_a_history_does_not_have_is_not_known():
    """Accepted by its range alone; out of it, it is missed all the same."""
    panel = made_panel(paths=1, sessions=4 * 252)
    days = pl.date_range(pl.date(2012, 1, 1), pl.date(2016, 12, 31), eager=True)
    flat = market.History(
        pl.DataFrame({"date": days, "spx": 2000.0, "vix": 15.0}), rate=0.0, dividend_yield=0.0, gaps="report"
    )
    found = validate(replaying(panel.spot[0], panel.vix[0]), paths=20, years=3, history=flat)
    lacking = found.table().filter(pl.col("history").is_null())
    assert set(lacking["verdict"]) == {UNKNOWN, MISS}
    assert found.unknown()["fact"].to_list() == lacking.filter(pl.col("verdict") == UNKNOWN)["fact"].to_list()
    assert "VIX futures" not in set(lacking["group"])
    assert any(each.startswith("Not known of this history: ") for each in sentences(found))


def test_known_misses_are_those_of_the_defaults():
    wilder = market.L3F(dynamics=market.Dynamics(wild_probability=0.05))
    for model, known in ((market.L3F(vix=20), True), (wilder, False)):
        found = validate(model, paths=20, years=4)
        assert found.known().is_empty() != known


def test_closes_need_no_rate_but_may_have_one(tmp_path):
    days = pl.date_range(pl.date(2023, 1, 3), pl.date(2023, 3, 31), eager=True)
    frame = pl.DataFrame({"date": days, "spx": 4000.0, "vix": 20.0})
    frame.with_columns(Rate=0.04).write_csv(tmp_path / "with.csv")
    assert len(closes(frame).data) == len(closes(tmp_path / "with.csv").data) > 50


def test_too_little_to_judge_by_is_refused():
    for options in ({"paths": 19}, {"years": 1}):
        with pytest.raises(SpecError, match="at least"):
            validate(market.L3F(), **options)
    for options in ({"paths": 20.5}, {"years": -1}, {"seed": -1}):
        with pytest.raises(SpecError, match=r"= .*: must be a whole number from 0 to"):
            validate(market.L3F(), **options)


# Command and page


def test_the_command_fails_on_a_miss(tmp_path):
    described = tmp_path / "own.toml"
    described.write_text('schema = 1\nmodel = "gbm"\nvol = 0.2\n', encoding="utf-8")
    ran = command("market", "validate", f"--model={described}", "--paths=20", "--years=2", "--json")
    assert (ran.returncode, ran.stderr) == (1, "")
    told = json.loads(ran.stdout)
    assert (told["model"], told["ok"], len(told["facts"])) == ("gbm", False, len(FACTS))


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("l4f", "did you mean 'l3f'?"),
        ("no_such.toml", "no_such.toml: cannot be read: No such file"),
        ("fhs", "Mend: give a TOML file"),
    ],
)
def test_the_command_refuses_in_one_line(option, said):
    ran = command("market", "validate", f"--model={option}")
    assert ran.returncode == 2
    assert said in ran.stderr
    assert ran.stderr.count("\n") == 1


def test_the_page_has_today_s_table(default):
    documented = [row[1:] for row in markdown_pages.table("docs/validation.md", "fact | L3F")]
    assert len(documented) == len(FACTS)
    for row, cells in zip(default.table().iter_rows(named=True), documented, strict=True):
        shown = [
            row["value"],
            row["low"],
            row["high"],
            row["history"],
            row["accepted_low"],
            row["accepted_high"],
        ]
        words = {INSIDE: "", KNOWN: "known miss"}[row["verdict"]]
        assert cells[-1] == words, row["fact"]
        value, single, history, accepted = cells[:4]
        numbers = [float(each) for cell in (value, single, history, accepted) for each in cell.split(" to ")]
        np.testing.assert_allclose(numbers, shown, rtol=6e-3, atol=1e-9, err_msg=row["fact"])


def test_facts_are_named_on_the_page_as_in_the_code():
    assert [row[0] for row in markdown_pages.table("docs/validation.md", "fact | L3F")] == list(BY_NAME)


EVIDENCE = {
    "volatility of returns": ["return_vol"],
    "daily excess kurtosis": ["return_kurtosis"],
    "correlation of returns": ["return_vix_correlation"],
    "VIX, mean": ["vix_mean", "vix_median"],
    "VIX, 1%": ["vix_q01", "vix_q99"],
    "largest VIX": ["vix_max"],
    "sd of ln VIX": ["ln_vix_sd", "ln_vix_move_sd"],
    "realised over implied": ["realised_over_implied"],
    "share of days with VIX above 28": ["share_above_28"],
    "second VIX future": ["second_above_front"],
}


@pytest.mark.parametrize(
    ("page", "header"), [("models/l3f", "fact (33 years) | history"), ("models/fhs", "fact | history")]
)
def test_other_pages_quote_the_same_history(page, header):
    for about, history, *_ in markdown_pages.table(f"docs/{page}.md", header):
        names = next(names for start, names in EVIDENCE.items() if about.startswith(start))
        figures = [float(each) for each in history.replace("−", "-").split(", ")]
        assert figures == [targets()[name].history for name in names], about
