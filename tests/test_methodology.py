"""The whole methodology as an arm: every layer opens where its signals say so and is closed without them."""

import numpy as np
import polars as pl
import pytest

import alvh as av
from alvh import figures
from alvh.errors import AlvhError, SpecError
from alvh.market import L3F
from alvh.signals import Macro

ARMS = ("alvh_v1", "steward", "promoter")
WAITING = {"layer_1a", "layer_2", "layer_3", "overlay"}  # for signals from outside alone
FEW = {"paths": 256, "sessions": 126, "shares": [0.35], "surface_band": 0}


@pytest.fixture(scope="module")
def made() -> av.Comparison:
    """With signals made up along the paths."""
    return av.compare([av.preset(name) for name in ARMS], L3F(vix=22), signals=Macro(), seed=3, **FEW)


@pytest.fixture(scope="module")
def absent() -> av.Comparison:
    return av.compare([av.preset(name) for name in ARMS], L3F(vix=22), signals="absent", seed=3, **FEW)


def earned(result: av.Comparison, arm: str) -> set[str]:
    """Layers that traded on some path."""
    rows, names = result.paths().filter(arm=arm).collect(), [each.name for each in av.preset(arm).layers]
    return {name for index, name in enumerate(names) if (rows[f"layer_pnl_{index}"] != 0).any()}


@pytest.mark.parametrize("arm", ARMS)
def test_every_layer_trades_where_its_signals_say_so(made: av.Comparison, arm: str) -> None:
    """R22 to R30, R41, C20."""
    assert earned(made, arm) == {layer.name for layer in av.preset(arm).layers}


@pytest.mark.parametrize("arm", ARMS)
def test_layers_without_data_stay_closed_and_are_listed(absent: av.Comparison, arm: str) -> None:
    """C24."""
    assert earned(absent, arm).isdisjoint(WAITING)
    table = absent.closed().filter(pl.col("arm") == arm, pl.col("withheld") > 0)
    assert set(table["layer"]) >= WAITING
    names = {each["name"] for row in table["missing"] for each in row}
    assert {"cpi_surprise", "reer", "price_cash_flow", "advance_decline_line", "market_beta"} <= names
    assert any(f"{arm}: layer 'layer_3' closed for lack of data" in limit for limit in absent.limits)


def test_tranches_of_layer_1_share_half_of_the_vega_and_the_budget() -> None:
    """R22, R61, C20: each asks for what the others have left over."""
    tranches = [layer for layer in av.preset("alvh_v1").layers if layer.name.startswith("layer_1")]
    assert [layer.name[-2:] for layer in tranches] == ["1a", "1b", "1c"]
    for layer in tranches:
        assert (layer.size.target, layer.size.value, layer.size.caps) == (
            "core.vega",
            0.5,
            ("sleeve.budget",),
        )
        assert [each.to for each in layer.size.reductions] == [0.75, 0.5]
    assert tranches[2].buy is not None
    assert tranches[2].buy.after == "fomc"


def test_no_new_premium_is_sold_while_the_big_top_flags_are_up(made: av.Comparison) -> None:
    """R84, R89: the promoter sells on."""
    sold = made.paths().group_by("arm").agg(pl.col("opened").mean()).collect()
    opened = dict(sold.iter_rows())
    assert opened["alvh_v1"] < 0.95 * opened["promoter"]
    withheld = made.governed().filter(arm="alvh_v1", action="open")
    assert 0 < withheld["withheld"].sum() < withheld["wanted"].sum()
    assert {each["check"] for row in withheld["by"] for each in row} == {"cash press"}


def test_liquidity_is_a_hard_gate() -> None:
    """R64, C24: what would leave a ledger illiquid is not opened, by the promoter alone it is."""
    arms = [av.preset("alvh_v1"), av.preset("promoter")]
    assert arms[0].liquidity == av.Liquidity()
    few = {"paths": 64, "sessions": 63, "shares": [0.90], "surface_band": 0, "signals": "absent"}
    result = av.compare(arms, L3F(vix=30), **few)
    told = result.margin_calls().filter(figure="blocked")
    blocked = dict(told.select("arm", "estimate").iter_rows())
    assert blocked["alvh_v1"] > 0
    assert not blocked.get("promoter")


def test_a_steward_is_more_disciplined_than_a_promoter(made: av.Comparison) -> None:
    """R85, C14: the behaviours, each by itself, and the score."""
    table = made.discipline()
    told = {arm: dict(table.filter(arm=arm).select("figure", "estimate").iter_rows()) for arm in ARMS}
    for figure in ("increases", "stops", "over_covered", "over_budget", *VICES):
        assert told["steward"][figure] < told["promoter"][figure], figure
    assert told["steward"]["increases"] == told["steward"]["stops"] == told["steward"]["over_budget"] == 0
    assert told["promoter"]["discipline"] < 0.75 < told["steward"]["discipline"] <= 1


def acts(**columns: list[float]) -> pl.DataFrame:
    """What `discipline` reads of two paths that did nothing but what `columns` say."""
    names = ("increased", "closed_early", "closed_forced", "refused", "over_covered", "expected_cost")
    none = {name: [0.0, 0.0] for name in (*names, "deposited", "max_drawdown", "ruin_tick")}
    paths = {"path": [0, 1], "start": 0, "arm": "mine", "share": 0.1, "nav": [1e6, 1e6]}
    return pl.DataFrame(paths | none | columns)


VICES = ("over_levered", "chased", "early_stops")


def disciplined(frame: pl.DataFrame, days: int, **counted: list[float]) -> dict[str, float]:
    counts = {"mine": {name: np.array(counted.get(name, [0.0, 0.0])) for name in VICES}}
    table = figures.discipline(frame, capital=1e6, sessions=days, share=0.1, acts=counts)
    return dict(table.select("figure", "estimate").iter_rows())


def test_discipline_by_hand() -> None:
    """Over half a year counts double; the score of a path is the mean of eight shares."""
    frame = acts(
        increased=[0.0, 1.0],
        closed_early=[1.0, 3.0],  # of which by force:
        closed_forced=[1.0, 2.0],
        refused=[0.0, 4.0],
        over_covered=[0.0, 21.0],
        expected_cost=[20_000.0, 20_001.0],  # 2% of a million, and a dollar more
    )
    counted = {"over_levered": [0.0, 2.0], "chased": [0.0, 1.0], "early_stops": [0.0, 0.5]}
    assert disciplined(frame, 126, **counted) == pytest.approx(
        {
            "increases": 1.0,
            "stops": 1.0,
            "refused": 4.0,
            "over_covered": 1.0,
            "over_budget": 0.5,
            "over_levered": 2.0,
            "chased": 1.0,
            "early_stops": 0.5,
            "discipline": np.mean([1, np.mean([1 / 3, 1 / 3, 1 / 9, 1 / 3, 1 / 2, 1 / 5, 1 / 3, 1 / 2])]),
        }
    )


def test_counts_of_other_paths_are_refused() -> None:
    with pytest.raises(AlvhError, match="arm 'mine' has 2 paths"):
        disciplined(acts(), 252, chased=[0.0])


def test_who_is_ruined_has_no_more_years_to_be_disciplined_in() -> None:
    """R85: one increase in the quarter before the ruin is four a year, one in a year is one."""
    told = disciplined(acts(increased=[1.0, 1.0], ruin_tick=[63.0, 0.0], max_drawdown=[1.0, 0.0]), 252)
    assert told["increases"] == pytest.approx((4 + 1) / 2)


@pytest.mark.parametrize(
    ("days", "spent", "columns"),
    [
        (252, 20_000, {}),
        (253, 40_000, {}),  # the second year's budget may be spent on its first day
        (252, 30_000, {"nav": [1.5e6, 1.5e6]}),
        (252, 30_000, {"nav": [0.9e6, 0.9e6], "max_drawdown": [0.4, 0.4]}),  # down from 1.5 million
        (252, 22_000, {"nav": [0.9e6, 0.9e6], "deposited": [1e5, 1e5], "max_drawdown": [0.2, 0.2]}),
        (504, 20_000, {"nav": [0.0, 0.0], "max_drawdown": [1.0, 1.0], "ruin_tick": [250.0, 250.0]}),
    ],
)
def test_the_budget_is_of_nav_and_of_years_begun(
    days: int, spent: float, columns: dict[str, list[float]]
) -> None:
    """R61: to the dollar."""
    frame = acts(expected_cost=[spent - 1, spent + 1], **columns)
    assert disciplined(frame, days)["over_budget"] == 0.5


def sessions(layer: av.Layer, **columns: object) -> pl.DataFrame:
    """What a rule reads in 300 sessions: VIX 26.5, nothing moves, but for `columns` in the last three."""
    names = layer.enter.check("book", signals=av.rules.outside.outside(layer.enter))  # type: ignore[union-attr,arg-type]
    given = {"vix": 26.5, "vix_forward": 25.0, "breakeven_challenge": 0.7, "rsi_14": 35.0, "macd": -1.0}
    calm = dict.fromkeys(names, 0.0) | given | {"days_to_fomc": 40.0}
    late = pl.int_range(pl.len()) >= 297
    frame = pl.DataFrame({"row": range(300)})
    return frame.with_columns(
        pl.when(late).then(pl.lit(columns.get(name, value), pl.Float64)).otherwise(value).alias(name)
        for name, value in calm.items()
    )


def second_engine(**columns: object) -> bool | None:
    """What the rule of the Second Engine says in the last of `sessions`."""
    layer = next(each for each in av.preset("alvh_v1").layers if each.name == "second_engine")
    return sessions(layer, **columns).select(said=layer.enter.to_polars())["said"][-1]  # type: ignore[union-attr]


def test_the_band_of_the_base_binds_and_a_flat_layer_has_none() -> None:
    """R82: fewer purchases than without it."""
    arm = av.preset("alvh_v1")
    base = next(layer for layer in arm.layers if layer.name == "base_calls")
    assert base.size.band == 0.10
    free = base.model_copy(update={"size": base.size.model_copy(update={"band": 0.0})})
    others = tuple(free if layer is base else layer for layer in arm.layers)
    arms = [arm, arm.model_copy(update={"name": "free", "layers": others})]
    result = av.compare(arms, L3F(vix=22), signals="absent", seed=3, **FEW | {"paths": 64})
    opened = dict(result.paths().group_by("arm").agg(pl.col("hedge_opened").sum()).collect().rows())
    assert opened["alvh_v1"] < opened["free"]
    flat = av.offset("core.vega", 0.5).model_copy(update={"band": 0.1})
    with pytest.raises(SpecError, match="band: a flat layer"):
        av.Layer("calls", buy=av.vix_call(every="flat"), size=flat)


def weight_of(layer: str, **columns: list[float]) -> list[float]:
    """How many times the target of a layer counts in the last of 252 sessions, by what it reads then."""
    size = next(each for each in av.preset("alvh_v1").layers if each.name == layer).size
    assert size.weight is not None
    rows = {
        name: [float(i % 7) for i in range(251)] for name in av.rules.outside.names_in(size.weight.by.tree)
    }
    said = []
    for at in range(2):
        frame = pl.DataFrame({name: [*past, columns[name][at]] for name, past in rows.items()})
        number = frame.select(said=size.weight.by.to_polars())["said"][-1]
        said.append(min(max(number, size.weight.low), size.weight.high))
    return said


def test_sizes_follow_momentum_multiples_and_the_quick_ratio() -> None:
    """R33, R43: a base half as large again where momentum fails and earnings are dear against cash."""
    good_and_bad = {"macd": [6.0, 0.0], "price_earnings": [0.0, 6.0], "price_cash_flow": [6.0, 0.0]}
    well, badly = weight_of("base_calls", **good_and_bad)
    assert 0.5 <= well < 0.8
    assert 1.2 < badly <= 1.5
    well, badly = weight_of("second_engine", financials_quick_ratio=[6.0, 0.0])
    assert 0.5 <= well < 0.8
    assert 1.2 < badly <= 1.5
    budget = av.preset("alvh_v1").ledgers.sleeve.budget_weight  # type: ignore[union-attr]
    assert budget is not None
    frame = pl.DataFrame({"rate": [0.0, 0.04, 0.08], "margin_share": [0.1, 0.1, 0.5]})
    share = frame.select(0.015 * budget.by.to_polars().clip(budget.low, budget.high)).to_series()
    assert share.round(3).to_list() == [0.020, 0.015, 0.010]  # R61


def test_layer_1_is_held_to_its_bands_at_every_close(made: av.Comparison) -> None:
    """R40: the promoter leaves them aside."""
    for arm, reviewed in (("alvh_v1", True), ("steward", True), ("promoter", False)):
        tranches = [layer for layer in av.preset(arm).layers if layer.name.startswith("layer_1")]
        assert {layer.size.review for layer in tranches} == {reviewed}
    table = made.closed().filter(arm="alvh_v1").filter(pl.col("of") != "enter")
    assert table.select("layer", "of").rows() == [
        ("base_calls", "weight"),
        ("second_engine", "weight"),
        (None, "budget"),
    ]


def test_the_ladder_of_the_second_engine() -> None:
    """C3, R46, R47, R48, R53: from 26 by fragmented liquidity and beta alone; armed above 28 or 30."""
    early = {"quoted_spread": 9.0, "market_beta": 1.3}
    assert second_engine() is False
    assert second_engine(**early) is True
    assert second_engine(**early | {"market_beta": 1.1}) is False
    assert second_engine(**early | {"market_beta": None}) is not True  # C7, C24
    assert second_engine(**early | {"vix": 25.5}) is False
    assert second_engine(vix=29.0) is True  # three closes above 28
    assert second_engine(vix=24.0, **early) is False
    # Armed, and back: what 25 to 26 is watched for is bought from 26 on.
    for name in ("alvh_v1", "steward", "promoter"):
        layer = next(each for each in av.preset(name).layers if each.name == "second_engine")
        armed = sessions(layer, vix=31.0, vix_forward=20.0)
        last = pl.int_range(pl.len()) == pl.len() - 1
        for vix, said in ((25.9, False), (26.0, True), (24.9, False)):
            now = armed.with_columns(vix=pl.when(last).then(vix).otherwise("vix"))
            assert now.select(said=layer.enter.to_polars())["said"][-1] is said, (name, vix)  # type: ignore[union-attr]


def test_the_second_engine_wants_more_than_the_ladder() -> None:
    """R49, R93: the break-even is challenged, and the weighed evidence reaches two fifths."""
    assert second_engine(vix=29.0, breakeven_challenge=0.5) is False
    calm = {"vix": 29.0, "rsi_14": 60.0, "rsi_14_weekly": 60.0, "vix_forward": 30.0}
    assert second_engine(**calm) is False
    more = {"yield_curve": 0.0, "cpi_surprise": 1.0, "days_to_fomc": 12.0, "dollar_index_vol_20": 0.02}
    assert second_engine(**calm | more) is False
    assert second_engine(**calm | more | {"vix_forward": 25.0}) is True


# A term of the score, with what makes it true beside what the others read.
TERMS = {
    "R55 momentum": {"rsi_14": 30.0, "macd": -1.0, "macd_signal": 0.0},
    "the VIX curve": {"vix_forward": 25.0},
    "R55 weeks": {"rsi_14_weekly": 40.0},
    "R54": {"advance_decline_line": -9e4, "core_gamma_percentile": 90.0},
    "R47": {"dollar_index_vol_20": 0.02},
    "R48": {"yield_curve": 0.0, "cpi_surprise": 1.0},
    "R56": {"days_to_fomc": 12.0},
    "R57": {"reit_return": -9.0, "rate_differential": 9.0},
    "R50": {"price_earnings": 90.0, "price_cash_flow": -90.0},
    "R51": {"wacc": 90.0, "private_equity_irr": -90.0},
    "R52": {"parity_residual": 2.5},
}


def test_every_term_of_the_second_engine_counts() -> None:
    """R47, R48, R50 to R52, R54 to R57, R93: each adds its weight, and together they open it."""
    calm = {"vix": 29.0, "rsi_14": 60.0, "macd": 1.0, "macd_signal": 0.0, "rsi_14_weekly": 60.0}
    calm |= {"vix_forward": 30.0, "days_to_fomc": 30.0, "core_gamma_percentile": 50.0}
    every = {key: value for term in TERMS.values() for key, value in term.items()}
    assert second_engine(**calm) is False
    assert second_engine(**calm | every) is True
    assert total(**calm) == 0.0
    assert total(**calm | every) == 1.0
    for name, term in TERMS.items():
        assert total(**calm | term) > 0.0, name


def total(**last: object) -> float:
    """The score of the Second Engine in the last of `sessions`."""
    layer = next(each for each in av.preset("alvh_v1").layers if each.name == "second_engine")
    text = str(layer.enter)
    score = text[text.rindex(" score(") : text.rindex(">=")].strip()
    return sessions(layer, **last).select(total=av.rules.parse(score).to_polars())["total"][-1]
