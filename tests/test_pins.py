"""Pin risk at the short strikes, forwards of break-evens, and conversions inside layers (R79, R80)."""

import json
from datetime import date

import numpy as np
import polars as pl
import pytest
from scipy import stats

import alvh as av
import engine_spec
from alvh import _core, chain, figures
from alvh.errors import AlvhError, SpecError
from alvh.figures.pins import pin_chance
from alvh.market import L3F

SESSIONS = 63


def told(**columns: object) -> dict[str, np.ndarray]:
    """One tranche a day before its expiry, SPX at 5000, both shorts far away but for what is given."""
    ordinary = {
        "path": 0,
        "tick": 3,
        "layer": 0,
        "lots": 2.0,
        "spot": 5000.0,
        "rate": 0.0,
        "dividend_yield": 0.0,
        "put_strike": 4900.0,
        "call_strike": 5100.0,
        "put_price": 0.05,
        "call_price": 0.04,
        "days": 1.0,
        "morning": 0.0,
        "dpp": 100.0,
        "settled": 5000.0,
    }
    return {name: np.atleast_1d(np.asarray(value, float)) for name, value in {**ordinary, **columns}.items()}


def row(table: pl.DataFrame, side: str) -> dict[str, float]:
    return dict(table.filter(side=side).select("figure", "estimate").iter_rows())


@pytest.mark.parametrize(("settled", "pinned"), [(4909.9, 1.0), (4890.0, 1.0), (4910.1, 0.0), (4889.9, 0.0)])
def test_pinned_is_within_the_points(settled: float, pinned: float) -> None:
    table = figures.pin_risk(told(settled=settled), ["core"], paths=1)
    assert row(table, "put")["realised"] == pinned
    assert row(table, "call")["realised"] == 0.0
    assert row(table, "put")["at_stake"] == 10 * 100 * 2
    assert row(table, "put")["at_stake_lot"] == 10 * 100


def test_the_chance_is_that_of_the_lognormal() -> None:
    """R79: by the volatility that the short's own price implies, on the forward of its expiry."""
    forward, sd = 5000.0 * np.exp(0.04 * 3 / 365), 0.012
    price = _core.price(forward, 4980.0, 1.0, sd, "P", discount=np.exp(-0.05 * 3 / 365))
    given = told(put_strike=4980.0, put_price=price, rate=0.05, dividend_yield=0.01, days=3.0)
    found = row(figures.pin_risk(given, ["core"], paths=1, within=25.0), "put")["expected"]
    d2 = [(np.log(forward / k) - sd**2 / 2) / sd for k in (4955.0, 5005.0)]
    assert found == pytest.approx(stats.norm.cdf(d2[0]) - stats.norm.cdf(d2[1]), rel=1e-6)
    everywhere = pin_chance(np.array([5000.0]), np.array([5000.0]), np.array([0.01]), 4999.0)
    assert everywhere == pytest.approx(1.0)


def test_what_is_worth_nothing_has_the_volatility_of_the_other_short() -> None:
    one = figures.pin_risk(told(put_price=0.0, put_strike=4500.0), ["core"], paths=1)
    assert one["unpriced"].to_list() == [0] * 12
    assert row(one, "put")["expected"] == pytest.approx(0.0, abs=1e-12)
    none = figures.pin_risk(told(put_price=0.0, call_price=0.0), ["core"], paths=1)
    assert set(none["unpriced"]) == {1}
    assert none["estimate"].null_count() == none.height


def test_what_has_no_such_short_or_did_not_settle_is_left_out() -> None:
    spread = figures.pin_risk(told(call_strike=np.nan, call_price=np.nan), ["core"], paths=1)
    assert set(spread["side"]) == {"put"}
    assert figures.pin_risk(told(settled=np.nan), ["core"], paths=1).is_empty()
    with pytest.raises(AlvhError, match="within = 0: points of SPX"):
        figures.pin_risk(told(), ["core"], paths=1, within=0)


def test_every_row_is_that_of_the_trace() -> None:
    """Strikes and prices of the shorts at the decision before the expiry, the level at the next close."""
    spec = engine_spec.spec([av.preset("plain"), av.preset("martingale")], L3F(vix=30), sessions=SESSIONS)
    plan = _core.Plan(json.dumps(spec))
    rows = plan.pins(0, 300, 1)
    for path in (0, 255, 256, 299):
        mine = {name: column[rows["path"] == path] for name, column in rows.items()}
        trace = plan.trace(path, 1)
        days, index = trace["ledger"]["day"], trace["ledger"]["index"]
        wanted = [
            (tick, held)
            for tick, decision in enumerate(trace["decisions"])
            for held in decision["layers"][0]["held"]
            if held["expiry_day"] == days[tick + 1]
        ]
        assert len(wanted) > 2
        assert mine["tick"].tolist() == [tick for tick, _ in wanted]
        assert mine["settled"].tolist() == [index[tick + 1] for tick, _ in wanted]
        for number, (tick, held) in enumerate(wanted):
            assert mine["put_strike"][number] == held["strikes"][0]
            assert mine["call_strike"][number] == held["strikes"][2]
            assert mine["put_price"][number] == held["leg_prices"][0]
            assert mine["call_price"][number] == held["leg_prices"][2]
            assert mine["lots"][number] == held["lots"]
            assert mine["days"][number] == days[tick + 1] - days[tick]
            assert mine["spot"][number] == index[tick]


def test_a_comparison_tells_its_pin_risk() -> None:
    few = {"paths": 256, "sessions": SESSIONS, "shares": [0.10], "surface_band": 0}
    result = av.compare([av.preset("plain")], L3F(vix=20), **few)  # type: ignore[arg-type]
    table = result.pin_risk(within=25.0)
    for side in ("put", "call"):
        found = row(table, side)
        assert 0 < found["expected"] < found["near"] < 1
        assert found["realised_less_expected"] == pytest.approx(found["realised"] - found["expected"])
    assert table["tranches"][0] > 256 * 2
    assert set(table["unpriced"]) == {0}
    wider = result.pin_risk(within=50.0)
    assert row(wider, "put")["expected"] > row(table, "put")["expected"]
    assert row(wider, "put")["at_stake_lot"] == 2 * row(table, "put")["at_stake_lot"]


# Forwards of break-evens


@pytest.fixture(scope="module")
def plain() -> av.Comparison:
    few = {"paths": 4, "sessions": 42, "shares": [0.10], "surface_band": 0}
    return av.compare([av.preset("plain")], L3F(vix=20, rate=0.04, dividend_yield=0.015), **few)  # type: ignore[arg-type]


def test_break_evens_lie_about_a_forward_that_pays_dividends(plain: av.Comparison) -> None:
    """R79: what the yield moves it by, and what REITs would move it by beside."""
    table = plain.break_evens(0)
    ledger = plain.trace(0).ledger
    first = table.row(0, named=True)
    years = (first["expiry"] - first["date"]).days / 365
    spot = ledger.filter(tick=first["tick"])["index"].item()
    assert first["forward"] == pytest.approx(spot * np.exp(0.025 * years))
    assert first["dividends"] == pytest.approx(spot * np.exp(0.04 * years) * -np.expm1(-0.015 * years))
    assert first["lower_move"] == pytest.approx(first["lower"] / first["forward"] - 1)
    moved = plain.break_evens(0, dividend_adjustment=0.03 * 0.02).row(0, named=True)
    assert moved["lower"] == first["lower"]
    assert moved["forward"] == pytest.approx(first["forward"] * np.exp(-0.0006 * years))
    assert moved["lower_move"] > first["lower_move"]
    with pytest.raises(SpecError, match="dividend_adjustment = 2"):
        plain.break_evens(0, dividend_adjustment=2.0)


# Conversions


def event(**more: object) -> dict[str, object]:
    known = {"tick": 1, "date": date(2024, 3, 4), "expiry": date(2024, 4, 19), "slot": 0, "lots": 2.0}
    found = known | {"event": "open", "layer": "puts", "strikes": [5000.0]} | more
    return {"product": next(each["product"] for each in LAYERS if each["name"] == found["layer"])} | found


LAYERS = [
    {"name": "puts", "product": "SPXW", "legs": [{"right": "P", "ratio": 1}]},
    {"name": "calls", "product": "SPXW", "legs": [{"right": "C", "ratio": -1}]},
    {"name": "vix", "product": "VIX", "legs": [{"right": "C", "ratio": 1}]},
    {"name": "future", "product": "VX", "legs": []},
]
SLICE = {
    "forward": 5010.0,
    "discount": 0.995,
    "puts": {5000.0: (40.0, 0.5)},
    "calls": {5000.0: (51.5, 0.6), 5100.0: (5.0, 0.3)},
}


def converted(*events: dict[str, object]) -> list[dict[str, object]]:
    slices = {(date(2024, 3, 4), date(2024, 4, 19)): SLICE}
    return figures.conversions(pl.DataFrame(events), LAYERS, slices, "SPXW").to_dicts()


def test_a_residual_by_hand() -> None:
    """R80: C − P − D (F − K), and what is left of it after both spreads."""
    (one,) = converted(event())
    assert one["residual"] == pytest.approx(51.5 - 40.0 - 0.995 * 10.0)
    assert (one["low"], one["high"]) == (pytest.approx(1.55 - 1.1), pytest.approx(1.55 + 1.1))
    assert one["net"] == pytest.approx(0.45)
    assert (one["source"], one["held"], one["lots"]) == ("recorded", 0.0, 2.0)


def test_what_was_not_quoted_on_both_sides_has_none() -> None:
    for strikes, when in (([5100.0], date(2024, 3, 4)), ([5000.0], date(2024, 3, 5))):
        (one,) = converted(event(strikes=strikes, date=when))
        assert (one["residual"], one["net"], one["source"]) == (None, None, "not quoted on both sides")
    (model,) = converted(event(layer="vix", strikes=[20.0]))
    assert (model["residual"], model["source"]) == (0.0, "model: parity holds")
    assert converted(event(layer="future", strikes=[])) == []


def test_a_call_sold_against_a_put_bought_is_a_conversion() -> None:
    *_, sold = converted(event(), event(layer="calls", lots=3.0))
    assert (sold["right"], sold["lots"], sold["held"]) == ("C", -3.0, -2.0)
    *_, after = converted(event(), event(event="settle"), event(layer="calls", lots=3.0))
    assert after["held"] == 0.0
    *_, trimmed = converted(event(), event(event="resize", lots=1.5), event(layer="calls", lots=3.0))
    assert trimmed["held"] == -0.5
    *_, larger = converted(event(product="SPX"), event(layer="calls"))
    assert larger["held"] == 0.0
    *_, other = converted(event(), event(layer="calls", expiry=date(2024, 5, 17)))
    assert other["held"] == 0.0


def test_a_replayed_chain_tells_the_residuals_of_its_pairs() -> None:
    """Those of `chain.residuals` on the day of the fill, where both sides are quoted."""
    days = av.schedule.sessions(date(2024, 3, 1), date(2024, 4, 1))
    closes = pl.DataFrame({"date": days}).with_row_index("n")
    closes = closes.select("date", spx=5100 + 20 * (pl.col("n") * 0.7).sin(), vix=15.0 + 0 * pl.col("n"))
    quotes = [
        chain.synthetic(day, market=L3F(spot=spot, vix=vix), longest=40)
        for day, spot, vix in closes.iter_rows()
    ]
    market = av.market.ChainHistory(quotes, closes=closes, rate=0.04, dividend_yield=0.013)
    arm = av.Arm("plain", av.IronCondor(days=(14, 35)))
    result = av.compare([arm], market, sessions=18, shares=[0.10], surface_band=0)
    told_of = result.conversions(0)
    recorded = told_of.filter(source="recorded")
    assert recorded.height > 0
    by_day = {
        day: chain.residuals(each.filter(root="SPXW"))
        for day, each in zip(closes["date"], quotes, strict=True)
    }
    for one in recorded.iter_rows(named=True):
        pairs = by_day[one["date"]].filter(strike=one["strike"], expiration=one["expiry"])
        assert one["residual"] == pytest.approx(pairs["residual"].item(), abs=1e-6)
        assert one["low"] == pytest.approx(pairs["low"].item(), abs=1e-6)
        assert one["net"] == pytest.approx(pairs["net"].item(), abs=1e-6)
