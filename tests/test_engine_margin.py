"""Portfolio and house margin in the engine: against the twin, and `margin.portfolio` on the same books."""

import io
import json
from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from rich.console import Console

import alvh as av
import engine_spec
import hedge_random
import twin
from agreement import agree, path_of, recorded
from alvh import _core, margin, playbook
from alvh.market import GBM, L3F, Scenario
from alvh.report.console import print_comparison
from alvh.specification import WorstBar, task_of
from twin_book import Book
from twin_margin import priced_off

ARM = av.Arm("plain", av.IronCondor(days=30, width_points=50))
RULES = ("portfolio", "house")
EPOCH = date(1970, 1, 1)


@pytest.mark.parametrize("rule", RULES)
def test_every_arm_without_a_hedge(rule: str) -> None:
    arms = engine_spec.arms("week", days=21, width_points=50)
    spec = engine_spec.spec(arms, L3F(vix=22), sessions=42, shares=(0.35,), margin=rule)
    for book in range(len(arms)):
        assert agree(spec, 0, book).requirement.max() > 0


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("name", ["alvh_0", "alvh_0_commingled", "always_on_futures", "spx_put_overlay"])
def test_hedged_books(name: str, rule: str) -> None:
    spec = engine_spec.spec([playbook.preset(name)], L3F(vix=26), sessions=42, shares=(0.35,), margin=rule)
    agree(spec, 1, 0)


def test_every_kind_of_distress() -> None:
    """Equity below the worst move: calls need no fees beyond real ones, only a market that moves."""
    arms = engine_spec.arms("week", days=21, width_points=25)
    spec = engine_spec.spec(arms, L3F(vix=18), sessions=84, shares=(0.9,), ruin_share=0.3, margin="portfolio")
    plan = _core.Plan(json.dumps(spec))
    figures = plan.run(0, 256)
    for kind in ("refused", "calls", "forced", "regret_forced"):
        hits = np.flatnonzero(figures[kind] != 0)
        assert len(hits) > 10, kind
        path, book = divmod(int(hits[0]), len(arms))
        agree(spec, path, book, plan)


@pytest.mark.parametrize(
    "calls",
    [
        {"policy": "reduce", "deadline": 0},
        {"policy": "reduce", "order": "largest_relief", "half_spreads": [[0.0, 1.0], [30.0, 3.0]]},
        {"policy": "add_cash", "outside": 0.05, "order": "largest_relief"},
    ],
    ids=lambda calls: "-".join(map(str, calls)),
)
def test_calls_are_met_as_the_arm_says(calls: dict) -> None:
    """R17, R64: relief is what the worst move of all that is left says, no multiple of one lot's."""
    arms = engine_spec.arms("week", days=21, width_points=25)[:2]
    spec = engine_spec.spec(arms, L3F(vix=18), sessions=84, shares=(0.9,), ruin_share=0.3, margin="portfolio")
    liquidity = av.Liquidity(block=0.5).model_dump()
    spec["books"] = [book | {"calls": calls, "liquidity": liquidity} for book in spec["books"]]
    plan = _core.Plan(json.dumps(spec))
    figures = plan.run(0, 256)
    met = figures["forced"] + (figures["deposited"] > 0)
    hits = np.argsort(-met, kind="stable")[:3]
    assert met[hits].min() > 0
    for hit in hits:
        path, book = divmod(int(hit), len(arms))
        agree(spec, path, book, plan)


@pytest.mark.parametrize("seed", range(12))
def test_random_hedged_books(seed: int) -> None:
    """Any layers and ledgers, offsets among them, under any rule, with a bar within each session."""
    plan = hedge_random.Maker(seed).plan()
    rule = ("strategy", "portfolio", "house")[seed % 3]
    spec = engine_spec.spec([ARM], L3F(), margin=rule)
    plan |= {"margin": spec["margin"], "worst_bar": WorstBar().model_dump()}
    for book in plan["books"]:
        if book["ledgers"] and book["ledgers"]["mode"] == "commingled":
            book["ledgers"]["mode"] = "offset"
    for path in range(2):
        agree(plan, path, 0)


def positions(book: Book, ledger: str) -> pl.DataFrame:
    """What a ledger holds, as `margin.portfolio` reads it: prices and forwards in points of the product."""
    rows = []
    for layer, t in book.held(ledger=ledger):
        terms, market = layer.terms, book.market
        quotes, points = market.at(terms.product, book.tick, t.expiry), terms.contract.fraction
        common = {
            "product": terms.spec["product"],
            "expiration": EPOCH + timedelta(market.calendar.day[t.expiry]),
        }
        if terms.future:
            rows.append(common | {"quantity": t.lots, "price": quotes.future})
        for (sign, ratio), strike in zip(terms.legs, t.strikes, strict=True):
            forward, discount, _ = priced_off(quotes, sign, strike)
            rows.append(
                common
                | {
                    "right": "C" if sign > 0 else "P",
                    "strike": strike * points,
                    "quantity": ratio * t.lots,
                    "price": quotes.price(sign, strike) * points,
                    "forward": forward * points,
                    "discount": discount,
                }
            )
    return pl.DataFrame(rows, infer_schema_length=None)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("name", ["alvh_0_commingled", "always_on_futures", "xsp"])
def test_the_same_number_as_margin_portfolio(name: str, rule: str) -> None:
    """The books of a path, as they stand at its closes, in the frame of `margin.portfolio` (R62)."""
    small = av.Arm("xsp", av.IronCondor(days=30, width=0.02, product="XSP"))
    arm = small if name == "xsp" else playbook.preset(name)
    spec = engine_spec.spec([arm], L3F(vix=24), sessions=63, shares=(0.50,), margin=rule)
    path, start, checked = 2, spec["schedule"]["origin"], 0
    ledger = _core.Plan(json.dumps(spec)).trace(path, 0)["ledger"]
    run = twin.Run(spec, 0, path_of(spec, path, ledger), start, recorded(spec, start))
    run.decisions.warm_up()
    run.decisions.decide()
    run.record.tick()
    for tick in range(1, spec["sessions"] + 1):
        run.session(tick)
        if tick % 4 or not run.book.held():
            continue
        vix = run.book.vix()
        grid = margin.grid("exchange") if rule == "portfolio" else margin.house().at(vix)
        today = EPOCH + timedelta(run.book.market.calendar.day[start + tick])
        spot = {"SPX": run.book.state.spot, "VIX": vix}
        held = [positions(run.book, ledger) for ledger in run.book.ledgers]
        told = [margin.portfolio(book, spot=spot, as_of=today, rules=grid) for book in held if book.height]
        asked = sum(each.initial for each in told)
        assert ledger["requirement"][tick] == pytest.approx(asked, rel=1e-9), tick
        checked += 1
    assert checked > 8


def test_what_is_no_rule_is_refused() -> None:
    arms = [av.Arm("plain", av.IronCondor(days=30))]
    with pytest.raises(av.errors.SpecError, match="did you mean 'portfolio'"):
        engine_spec.spec(arms, L3F(), margin="portfolios")
    narrow = margin.Grid(ranges={"broad_index": (-0.1, 0.1)}, groups={})
    with pytest.raises(
        av.errors.SpecError, match="margin: ranges of broad_index: the engine needs volatility"
    ):
        engine_spec.spec(arms, L3F(), margin=narrow)
    joined = margin.Grid(
        ranges=margin.grid("exchange").ranges, groups={"broad_index": "all", "volatility": "all"}
    )
    with pytest.raises(av.errors.SpecError, match="mode = 'offset'"):
        engine_spec.spec(arms, L3F(), margin=joined)


@pytest.mark.parametrize(("vol", "end"), [(0.15, "house_calm"), (0.20, "house_calm"), (0.30, "house_wild")])
def test_the_house_rule_is_one_grid_below_and_another_above(vol: float, end: str) -> None:
    arms = [av.Arm("plain", av.IronCondor(days=30, width_points=100))]

    def run(rule: object) -> dict[str, np.ndarray]:
        spec = engine_spec.spec(arms, GBM(vol=vol), sessions=21, shares=(0.2,), margin=rule)
        return _core.Plan(json.dumps(spec)).run(0, 8)

    house, grid = run("house"), run(margin.grid(end))
    assert house["peak_requirement"].min() > 0
    for name, column in house.items():
        np.testing.assert_array_equal(column, grid[name], err_msg=name)


def test_an_offset_asks_no_more_and_is_called_hypothetical() -> None:
    """R62: one ledger in which the hedge counts; under portfolio margin SPX falls as VIX rises."""
    hedged = playbook.preset("alvh_0")
    arms = [hedged.commingled(), hedged.commingled(offset=True)]
    assert arms[1].name == "alvh_0_offset"
    arms[1] = arms[1].replace(name="mine")
    for rule in ("strategy", "portfolio"):
        result = av.compare(
            arms, L3F(vix=26), paths=64, sessions=42, shares=[0.5], margin=rule, surface_band=0
        )
        peaks = result.paths().collect().group_by("arm").agg(pl.col("peak_requirement").mean())
        asked = dict(peaks.rows())
        ratio = asked["mine"] / asked["alvh_0_commingled"]
        assert ratio < 1.0 if rule == "portfolio" else ratio == pytest.approx(1.0, abs=0.2)
        told = [limit for limit in result.limits if "mine: the offset" in limit]
        assert len(told) == 1
        assert "hypothetical" in told[0]
        assert result.label("mine") == "mine (hypothetical)"
        assert result.label("alvh_0_commingled") == "alvh_0_commingled"


@pytest.mark.parametrize("rule", ["strategy", "portfolio"])
def test_an_offset_asks_no_more_of_what_both_hold(rule: str) -> None:
    """R62: while books are equal, what counts is no less, what is required no more, and one of them helps."""
    hedged = playbook.preset("alvh_0")
    arms = [hedged.commingled(), hedged.commingled(offset=True)]
    spec = engine_spec.spec(arms, L3F(vix=26), sessions=10, shares=(0.7,), margin=rule)
    plan = _core.Plan(json.dumps(spec))
    bare, offset = (plan.calls(0, 64, book) for book in range(2))
    equal = np.abs(bare["nav"] - offset["nav"]) < 1e-6
    counts = (offset["available_core"] - bare["available_core"])[equal]
    asks = (offset["requirement_core"] - bare["requirement_core"])[equal]
    assert counts.min() > -1e-6
    assert asks.max() < 1e-6
    assert counts.max() > 100 if rule == "strategy" else asks.min() < -100


def test_a_bar_within_the_session_is_counted_apart() -> None:
    """Under portfolio margin a bar brings calls that no close shows, and closes nothing."""
    market, bar = L3F(vix=20), WorstBar()

    def figures(rule: str, bar: WorstBar | None) -> dict[str, np.ndarray]:
        spec = engine_spec.spec([ARM], market, sessions=42, shares=(0.9,), margin=rule, worst_bar=bar)
        return _core.Plan(json.dumps(spec)).run(0, 128)

    without, seen = figures("portfolio", None), figures("portfolio", bar)
    assert (seen["bar_calls"] > 0).sum() > 20
    assert np.isnan(without["bar_calls"]).all()
    for name in without.keys() - {"bar_calls", "bar_call_tick"}:
        np.testing.assert_array_equal(without[name], seen[name], err_msg=name)
    assert not figures("strategy", bar)["bar_calls"].any()


def test_calls_at_the_bar_are_a_table() -> None:
    options = {"paths": 64, "sessions": 42, "shares": [0.9], "margin": "portfolio", "surface_band": 0}
    table = av.compare([ARM], L3F(vix=20), worst_bar=WorstBar(), **options).bar_calls()
    assert table.select("arm", "share", "n").row(0) == ("plain", 0.9, 64)
    assert table["hits"][0] > 5
    assert av.compare([ARM], L3F(vix=20), **options).bar_calls().is_empty()


def test_calls_at_the_bar_are_printed_of_a_replay() -> None:
    """Of a scenario, too, which is replayed: counted without an interval."""
    market = Scenario(name="fall", points=[(0, 1, 16), (1, 0.95, 30), (10, 0.95, 30)], quiet=30)
    options = {"sessions": 40, "shares": [0.9], "margin": "portfolio", "surface_band": 0}
    console = Console(record=True, width=120, file=io.StringIO())
    print_comparison(console, av.compare([ARM], market, worst_bar=WorstBar(), **options))
    assert "worst bar of a session" in " ".join(console.export_text().split())


def test_a_bar_says_what_it_is_and_asks_nothing_of_a_vix_that_never_moves() -> None:
    bar = WorstBar(spot=-0.05, vix=1.5)
    options = {"sessions": 21, "shares": [0.1], "paths": 4, "capital": 1e6, "seed": 1}
    told = task_of([ARM], L3F(vix=20), worst_bar=bar, **options).facts["limits"]
    assert [limit for limit in told if "SPX -5%" in limit and "1.5" in limit]
    assert not any("worst bar" in limit for limit in task_of([ARM], L3F(vix=20), **options).facts["limits"])
    with pytest.raises(av.errors.SpecError, match=r"worst_bar: vix = 1\.5: .*gbm.*vix=1"):
        task_of([ARM], GBM(), worst_bar=bar, **options)
    assert task_of([ARM], GBM(), worst_bar=WorstBar(vix=1.0), **options).spec["worst_bar"]["vix"] == 1.0
