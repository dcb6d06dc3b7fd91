"""Call diagonals: a nearer call sold against the one that a layer buys, and bought back with it."""

import json
import re
from datetime import date
from itertools import permutations

import numpy as np
import polars as pl
import pytest

import alvh as av
import engine_spec
import hedge_random
from agreement import agree, exercised, path_of
from alvh import _core, margin
from alvh.episode import sentence
from alvh.errors import AlvhError, BookError, SpecError
from alvh.market import L3F
from hedge_plan import CAPITAL, FORTNIGHT, MONTH, QUARTER, WEEK, commingled, core, separate, spec, vix_call
from test_liquidity import RULE as LIQUIDITY
from twin_greeks import Greeks
from twin_plan import rule

CORE = core(0.4, FORTNIGHT)


def sold(days=WEEK, delta=0.15, *, share=1.0, again=True, points=None, when=None):
    """What is sold against a call."""
    by_width = {"by": "offset", "from": 0, "width": {"points": points}}
    strike = by_width if points else {"by": "delta", "value": delta}
    return {"days": days, "strike": strike, "share": share, "again": again, "when": when}


def diagonal(days=MONTH, *, short=None, **more):
    return vix_call(days, short=short or sold(), **({"target": "lots", "value": 40} | more))


# name: layers, ledgers, other terms of the plan, figures that must not be 0 on every path
CASES = {
    "by dollars a VIX point": (
        [CORE, vix_call(QUARTER, delta=0.5, short=sold(FORTNIGHT, 0.2, share=0.5))],
        separate(0.3),
        {},
        "hedge_opened bound_target",
    ),
    "only while enough of it is left": (
        [CORE, vix_call(MONTH, every="day", delta=0.5, short=sold(points=5.0) | {"least_kept": 0.4})],
        separate(0.3),
        {},
        "hedge_opened",
    ),
    "in parts, sold at a width": (
        [
            CORE,
            diagonal(
                QUARTER,
                short=sold(MONTH, points=4.0),
                tranches=[{"share": 0.5}, {"share": 0.5, "when": rule("lt", "chance", 0.2)}],
                monetise=[{"at": 1.05, "sell": 0.34}, {"at": 1.3, "sell": 0.33}],
            ),
        ],
        separate(0.3),
        {},
        "hedge_opened monetised",
    ),
    "rolled, with limits": (
        [CORE, diagonal(short=sold(WEEK, 0.2), roll_below=21, roll_limits={"extrinsic_per_day": 0.9})],
        separate(0.3),
        {},
        "rolled rolls_kept",
    ),
    "each week, closed by rule": (
        [CORE, diagonal(every="week", roll_below=14, exit=rule("ge", "profit", 1.0), size={"band": 0.1})],
        commingled(0.2),
        {},
        "rolled hedge_opened",
    ),
    "reviewed, half of it sold against, once": (
        [
            CORE,
            diagonal(
                every="day",
                short=sold(share=0.5, again=False),
                size={"review": True, "reductions": [{"when": rule("gt", "vix", 34.0), "to": 0.3}]},
                press={"when": rule("lt", "chance", 0.3), "at": 1.05, "sell": 0.5},
            ),
        ],
        separate(0.3),
        {},
        "pressed",
    ),
    "held to its band by dollars a VIX point, sold against while VIX is high": (
        [
            CORE,
            vix_call(
                MONTH,
                every="day",
                delta=0.5,
                short=sold(points=3.0, when=rule("gt", "vix", 33.0)),
                size={"review": True, "band": 0.1, "caps": [{"kind": "premium", "share": 0.1}]},
                value=1.0,
            ),
        ],
        separate(0.3),
        {},
        "hedge_opened bound_cap",
    ),
    "calls of a sleeve that pays what they settle at": (
        [CORE, diagonal(value=900, short=sold(points=1.0), every="day")],
        separate(0.15),
        {"market": L3F(vix=18, erp=0.0)},
        "sleeve_calls forced",
    ),
    "ruin": (
        [core(0.9, WEEK), diagonal(value=900, short=sold(points=1.0))],
        None,
        {"ruin_share": 0.9, "costs": {"liquidation_share": 1.7}},
        "ruin_tick",
    ),
    "under portfolio margin": (
        [CORE, diagonal(value=500, short=sold(points=1.0), every="week", roll_below=10)],
        separate(0.12),
        {"margin": {"portfolio": margin.grid("exchange").spec()}},
        "hedge_opened bound_funds",
    ),
    "offset": (
        [CORE, diagonal(value=200, every="week")],
        commingled(0.2) | {"mode": "offset"},
        {"worst_bar": {"spot": -0.03, "vix": 1.7}},
        "hedge_opened",
    ),
}


def made(name, **book):
    layers, ledgers, more, figures = CASES[name]
    plan = spec((layers, ledgers), **more)
    plan["books"][0] |= book
    return plan, figures.split()


def happened(plan, *figures):
    """Engine and twin agree on the first paths, and on two on which each of the figures is not 0."""
    compiled, found = exercised(plan, figures, first=2)
    for path, _ in found:
        covered(compiled.trace(path, 0)["events"], plan["books"][0]["layers"])
        agree(plan, path, 0, compiled)


def covered(events, layers):
    """No tick and no fill leaves more sold than is held, and what is sold lies above and settles before."""
    held, sold_lots, seen = {}, {}, set()
    ticks = sorted({event["tick"] for event in events})
    for tick in ticks:
        for event in (event for event in events if event["tick"] == tick and event["lots"]):
            place, kind, lots = (event["layer"], event["slot"]), event["event"], event["lots"]
            assert float(lots).is_integer()
            if kind == "open":
                held[place] = [lots, event["strikes"], event["expiry_day"]]
            elif kind in {"close", "settle", "monetise", "resize", "reduce"}:
                held[place][0] -= lots
            elif kind == "write":
                assert event["other"] == 1
                assert sold_lots.get(place, 0.0) == 0.0, "sold twice"
                assert event["strikes"][0] > held[place][1][0]
                assert event["expiry_day"] < held[place][2]
                assert event["price"] > 0
                sold_lots[place] = lots
            elif kind in {"buy_back", "settle_short"}:
                assert event["price"] <= 0
                sold_lots[place] -= lots
            else:
                continue
            seen.add(kind)
        for place, lots in sold_lots.items():
            share = layers[place[0]]["short"]["share"]
            assert 0.0 <= lots <= share * held[place][0] + 1e-9, f"uncovered at {tick}"
    assert "write" in seen
    assert seen & {"buy_back", "settle_short"}


@pytest.mark.parametrize("name", CASES)
def test_engine_and_twin_agree(name):
    plan, figures = made(name)
    if "calls" in "".join(figures):
        # Funds for a bad day (R64) keep a sleeve from calls: here there are none.
        plan["contracts"] = {name: row | {"stress": 0.0} for name, row in plan["contracts"].items()}
    happened(plan, *figures)


SPREADS = [[0.0, 1.0], [30.0, 2.5], [40.0, 6.0]]
POLICIES = {
    "at once": {"deadline": 0},
    "reduce": {"policy": "reduce", "half_spreads": SPREADS},
    "reduce at once": {"policy": "reduce", "deadline": 0, "order": "largest_relief"},
    "largest relief": {"order": "largest_relief", "deadline": 2},
    "a little cash": {"policy": "add_cash", "outside": 0.002},
}


@pytest.mark.parametrize("policy", POLICIES)
def test_short_legs_go_with_what_covers_them_whatever_a_call_leads_to(policy):
    plan, _ = made("calls of a sleeve that pays what they settle at", calls=POLICIES[policy])
    happened(plan, "sleeve_calls", "deposited" if policy == "a little cash" else "forced")


def test_liquidity_blocks_what_is_sold_as_well():
    plan, _ = made("each week, closed by rule", liquidity=LIQUIDITY | {"block": 1.2, "warn": 1.5})
    happened(plan, "warned")


def test_a_pair_needs_no_margin():
    """A long that expires no earlier covers a short at a higher strike (VIX strategy-based margin)."""
    alone = [diagonal(ledger="core", short=sold(points=2.0)), core(0.0, FORTNIGHT, target="lots")]
    plan = spec((alone, None))
    compiled = _core.Plan(json.dumps(plan))
    trace = compiled.trace(0, 0)
    covered(trace["events"], plan["books"][0]["layers"])
    assert not np.any(trace["ledger"]["requirement"])


def test_a_leg_by_itself_changes_nothing_of_the_other():
    """P&L of a diagonal is that of its calls, and that of what is sold against them: the same trades."""
    with_short, bare = diagonal(value=40), vix_call(MONTH, target="lots", value=40)
    plan = spec(([CORE, with_short], separate(0.3)), ([CORE, bare], separate(0.3)))
    compiled = _core.Plan(json.dumps(plan))
    told = [compiled.trace(0, book) for book in (0, 1)]
    own, others = ([e for e in each["events"] if e["layer"] == 1] for each in told)
    longs = [e for e in own if e["other"] == 0]
    assert [(e["tick"], e["event"], e["lots"], e["price"]) for e in longs if e["lots"]] == [
        (e["tick"], e["event"], e["lots"], e["price"]) for e in others if e["lots"]
    ]
    found = compiled.run(0, 1)
    brought = sum(e["pnl"] for e in own if e["event"] in {"buy_back", "settle_short"})
    last = next(e for e in reversed(own) if e["event"] in {"write", "buy_back", "settle_short"})
    assert last["event"] != "write", "one is held at T: choose another path"
    assert found["layer_pnl_1"][0] - found["layer_pnl_1"][1] == pytest.approx(brought, abs=1e-6 * CAPITAL)


def test_calls_are_not_bought_by_dollars_a_point_where_what_is_sold_leaves_few():
    """The fewer are left, the more lots are wanted: of a fifth five times those of the calls alone."""
    opened, told = {}, {}
    for least in (0.0, 0.4, 0.9):
        calls = vix_call(MONTH, every="week", delta=0.5, short=sold(points=5.0) | {"least_kept": least})
        bare = vix_call(MONTH, every="week", delta=0.5)
        compiled = _core.Plan(json.dumps(spec(([CORE, calls], separate(0.3)), ([CORE, bare], separate(0.3)))))
        for path in range(4):
            mine, alone = ([e for e in compiled.trace(path, b)["events"] if e["layer"] == 1] for b in (0, 1))
            first = next(e for e in alone if e["event"] == "open")
            beside = next(e for e in mine if e["tick"] == first["tick"] and e["event"] in {"open", "skip"})
            # Nothing is held yet by either: they want the same dollars a VIX point.
            if beside["event"] == "open":
                opened.setdefault(least, []).append(first["unrounded"] / beside["unrounded"])
            else:
                told.setdefault(least, []).append(beside["reason"])
    assert min(opened[0.0]) < 0.9
    assert min(opened.get(0.4, [1.0])) >= 0.4
    assert 0.9 not in opened
    assert 0.0 not in told
    words = re.compile(r"what is sold against it leaves ([\d.]+)% of its dollars a VIX point, less than 90%")
    left = [float(words.fullmatch(each)[1]) for each in told[0.9]]
    assert left == pytest.approx([100 * each for each in opened[0.0]], abs=0.06)


@pytest.mark.parametrize("seed", range(8))
def test_random_books(seed):
    agree(hedge_random.Maker(seed, diagonals=True).plan(), 0, 0)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"short": sold(QUARTER)}, "short.days"),
        ({"short": sold(share=1.5)}, "short.share"),
        ({"short": sold() | {"least_kept": -0.1}}, "short.least_kept"),
        (
            {
                "short": sold()
                | {"strike": {"by": "expected_move", "multiple": 1, "drift": "forward", "erp": 0}}
            },
            "strike",
        ),
        ({"legs": [{"right": "P", "ratio": 1, "strike": {"by": "delta", "value": 0.3}}]}, "one VIX call"),
    ],
)
def test_what_is_no_diagonal_is_refused(change, problem):
    plan = spec(([CORE, diagonal() | change], separate(0.3)))
    with pytest.raises(AlvhError, match=problem):
        _core.Plan(json.dumps(plan))


# --- playbooks

SHORT = {"days": (20, 45), "delta": 0.15, "share": "1/2"}


def layer(short=None, **more):
    given = {"days": (75, 120), "every": "flat", "delta": 0.40} | more.pop("buy", {})
    buy = av.vix_call(**given, short=av.playbook.short_call(**(short or SHORT)))
    return av.Layer("diagonals", buy=buy, **({"size": av.offset("core.vega", 0.25)} | more))


def arm(**more):
    return av.preset("plain").replace(name="diagonals", layers=[layer(**more)])


def test_as_toml_and_as_the_engine_reads_it():
    described = arm(roll_below=45)
    assert av.Arm.from_toml(described.to_toml()) == described
    assert (
        'short = { days = [20, 45], delta = 0.15, share = "1/2", again = true, least_kept = 0.2 }'
        in described.to_toml()
    )
    assert layer().spec()["short"] == {
        "days": {"low": 20, "high": 45, "target": 32},
        "strike": {"by": "delta", "value": 0.15},
        "share": 0.5,
        "again": True,
        "least_kept": 0.2,
        "when": None,
    }
    wide = layer({"days": 30, "width_points": 5.0, "again": False}).spec()["short"]
    assert wide["strike"] == {"by": "offset", "from": 0, "width": {"points": 5.0}}
    assert "short" not in av.Layer("x", buy=av.vix_call(), size=av.offset("core.vega", 0.5)).spec()
    assert described.digest != av.preset("plain").digest


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"short": {"days": 30}}, "exactly one of delta"),
        ({"short": {"days": 30, "delta": 0.2, "width_points": 5.0}}, "exactly one of delta"),
        ({"short": {"days": (90, 120), "delta": 0.2}}, "nearer than 97"),
        ({"short": {"days": 30, "delta": 0.45}}, "below 0.4"),
        ({"short": {"days": 30, "delta": 0.2, "share": 1.5}}, "share"),
        ({"short": {"days": 30, "delta": 0.2, "least_kept": 1.0}}, "least_kept = 1.0: .*less than 1"),
        ({"buy": {"spread_delta": 0.2}}, "one VIX call"),
        ({"short": {**SHORT, "when": "profit > 0"}}, "profit"),
    ],
)
def test_mistakes_are_named(given, problem):
    with pytest.raises(SpecError, match=problem):
        layer(**given)


def test_it_is_sold_while_its_rule_is_true():
    early = layer(SHORT | {"when": "vix > 20 and rsi_14 > 30"})
    described = av.preset("plain").replace(name="early", layers=[early])
    assert av.Arm.from_toml(described.to_toml()) == described
    assert described.warm_up == av.Layer("x", enter="rsi_14 > 30").warm_up
    assert "diagonals.buy.short.when" in {key for key, _, _ in described.rules}
    few = {"paths": 4, "sessions": 63, "shares": [0.35], "surface_band": 0}
    never = av.preset("plain").replace(name="never", layers=[layer(SHORT | {"when": "vix > 1000"})])
    result = av.compare([arm(), never], av.market.L3F(vix=20), **few)
    told = [{*result.trace(0, name).events["event"]} for name in ("diagonals", "never")]
    assert ["write" in events for events in told] == [True, False]


def test_no_short_premium_is_added_in_the_cash_press():
    """R89: while the press is on, or cannot be told, nothing is sold against what is bought."""
    few = {"paths": 1, "sessions": 63, "shares": [0.35], "surface_band": 0}
    # By lots: in the press there is no core to cover.
    base = av.preset("plain").replace(name="off", layers=[layer(size=av.offset("lots", 10))])
    arms = [
        base.replace(name=name, press=av.playbook.CashPress(needs=1, flags={"flag": flag}))
        for name, flag in {"off": "vix > 1000", "on": "vix > 0", "unknown": "reer_z > 0"}.items()
    ]
    spec = arms[0].book(0.1)["layers"][1]["short"]["when"]
    assert "not" in json.dumps(spec["tree"])
    result = av.compare(arms, av.market.L3F(vix=20), signals="absent", **few)
    told = {each.name: {*result.trace(0, each.name).events["event"]} for each in arms}
    assert ["write" in events for events in told.values()] == [True, False, False]
    assert all("open" in events for events in told.values())


# --- advice

TODAY = {"date": date(2024, 2, 2), "spx": 4958.6, "vix": 13.9, "rate": 0.053, "dividend_yield": 0.014}


def leg_of(strike, expiration, quantity, price):
    legs = {"product": "VIX", "right": "C", "strike": strike, "expiration": expiration}
    return legs | {"quantity": quantity, "price": price, "opened": date(2024, 1, 31)}


LONG = leg_of(16.0, date(2024, 5, 22), 40, 2.1)
NEARER = leg_of(19.0, date(2024, 3, 20), -20, 0.6)


def advised(*legs, **more):
    book = av.advice.Book(cash=1_000_000, legs=pl.DataFrame(list(legs)))
    return av.advise(book, TODAY, arm(**more))


def test_advice_knows_both_legs():
    told = advised(LONG, NEARER)
    assert told.positions.select("lots", "strikes", "ordered").rows() == [
        (40.0, [16.0], None),
        (-20.0, [19.0], None),
    ]
    assert "sold 20 × VIX 19" in told.text()
    assert told.ledger["requirement"] == 0
    mine = told.orders.filter(layer="diagonals")
    assert mine.is_empty()


def test_advice_closes_both_legs():
    mine = advised(LONG, NEARER, exit="vix < 20").orders.filter(layer="diagonals")
    assert mine.select("action", "side", "strike", "expiry", "lots").rows() == [
        ("close", "sell", 16.0, date(2024, 5, 22), 40.0),
        ("buy back", "buy", 19.0, date(2024, 3, 20), 20.0),
    ]
    assert (mine["net"] * mine["cash"] > 0).all()


def test_advice_sells_against_what_is_bare():
    told = advised(LONG)
    assert told.positions["ordered"].to_list() == ["write"]
    (order,) = told.orders.filter(layer="diagonals").iter_rows(named=True)
    assert (order["action"], order["side"], order["lots"]) == ("write", "sell", 20.0)
    assert order["strike"] > 16.0
    assert order["expiry"] < date(2024, 5, 22)
    assert order["cash"] > 0


def test_layers_that_share_their_calls_have_short_legs_of_their_own():
    """Layers of equal terms trade the same packages: each position keeps its slot and its short leg."""
    weekly = layer(buy={"every": "week"}, size=av.offset("lots", 10))
    twice = [weekly.model_copy(update={"name": name}) for name in ("one", "two")]
    both = av.preset("plain").replace(name="both", layers=twice)
    legs = [
        each | {"layer": name, "strike": each["strike"] + step}
        for step, name in enumerate(("one", "two"))
        for each in (LONG, NEARER)
    ]
    told = av.advise(av.advice.Book(cash=1_000_000, legs=pl.DataFrame(legs)), TODAY, both)
    assert told.positions.select("layer", "lots", "strikes").rows() == [
        ("one", 40.0, [16.0]),
        ("one", -20.0, [19.0]),
        ("two", 40.0, [17.0]),
        ("two", -20.0, [20.0]),
    ]


def test_a_lower_strike_needs_the_difference():
    """VIX strategy-based margin: what the bought strike lies above the sold one, 100 dollars a point."""
    lower = NEARER | {"strike": 14.0}
    assert advised(LONG, lower).ledger["requirement"] == pytest.approx(20 * 2.0 * 100)


@pytest.mark.parametrize(
    "legs",
    [
        [NEARER],
        [LONG, NEARER | {"quantity": -50}],
        [LONG | {"expiration": date(2024, 3, 20)}, NEARER | {"expiration": date(2024, 4, 17)}],
        [LONG, NEARER, NEARER | {"strike": 20.0, "opened": date(2024, 1, 30)}],
    ],
)
def test_what_nothing_covers_is_refused(legs):
    with pytest.raises(BookError, match="Mend: give the calls"):
        advised(*legs)


# --- tables


def test_tables_count_both_legs():
    few = {"paths": 8, "sessions": 126, "shares": [0.35], "surface_band": 0}
    result = av.compare([av.preset("plain"), arm(roll_below=45)], av.market.L3F(vix=22), **few)
    tranches = result.tranches("diagonals")[0].filter(layer=1)
    for path in range(8):
        events = result.trace(path, "diagonals").events.filter(layer="diagonals")
        assert {"write"} <= set(events["event"])
        brought = events.filter(pl.col("pnl").is_not_nan())["pnl"].sum()
        assert tranches.filter(path=path)["pnl"].sum() == pytest.approx(brought)
        assert all(sentence(event) for event in events.to_dicts())
    with pytest.raises(SpecError, match="hindsight"):
        result.foresight("diagonals")
    assert result.greek_view("diagonals").height
    assert result.break_evens(0, "diagonals").height
    assert result.turnover("diagonals").filter(layer="diagonals", figure="deals")["estimate"][0] > 0


def test_figures_per_layer_sum_to_the_change_of_nav():
    few = {"paths": 16, "sessions": 84, "shares": [0.35], "surface_band": 0}
    paths = av.compare([arm(roll_below=45)], av.market.L3F(vix=26), **few).paths().collect()
    assert paths["identity_error"].max() < 1e-12
    by_layer = paths["layer_pnl_0"] + paths["layer_pnl_1"] + paths["interest"]
    assert np.allclose(by_layer, paths["nav"] - CAPITAL, rtol=0, atol=1e-9 * CAPITAL)


def test_greeks_of_both_legs_are_the_twins():
    described = engine_spec.spec([arm(roll_below=45)], L3F(vix=22), sessions=63, shares=(0.35,))
    plan = _core.Plan(json.dumps(described))
    ours, trace = plan.greeks(0, 1, 0), plan.trace(0, 0)
    assert "write" in {event["event"] for event in trace["events"]}
    run = Greeks(described, 0, path_of(described, 0, trace["ledger"]), described["schedule"]["origin"], None)
    run.run()
    theirs = {term: column for term, column in run.columns().items() if term.startswith("hedge_")}
    assert theirs["hedge_revalued"].any()
    for term, expected in theirs.items():
        # Both differ from the derivative by the square of their steps.
        assert ours[term][0] == pytest.approx(expected, abs=0.5, rel=2e-3), term


def test_a_log_of_decisions_orders_what_a_comparison_trades():
    path = L3F(vix=22).simulate(1, 119, seed=5)
    days = av.schedule.sessions(date(2018, 1, 2), date(2018, 12, 31))[:120]
    closes = pl.DataFrame({"date": days, "spx": path["spot"][0], "vix": path["vix"][0]})
    record = av.market.History(closes, rate=0.01, dividend_yield=0.02)
    log = av.advice.decision_log(arm(roll_below=45), record, share=0.35)
    few = {"sessions": 119, "shares": [0.35], "surface_band": 0}
    events = av.compare([arm(roll_below=45)], record, **few).trace(0).events
    for action, event in (("write", "write"), ("buy back", "buy_back")):
        ordered = log.orders.filter(action=action)
        traded = events.filter(event=event)
        assert ordered["lots"].to_list() == traded["lots"].to_list()
        assert ordered["strike"].to_list() == [strikes[0] for strikes in traded["strikes"]]
        assert ordered["expiry"].to_list() == traded["expiry"].to_list()
        assert ordered.height


def test_what_is_sold_against_a_part_is_no_part():
    """The second part is added whether or not the first is sold against (R28)."""
    parts = [{"share": 0.5}, {"share": 0.5, "when": "vix > 10"}]
    for legs in ([LONG], [LONG, NEARER]):
        told = advised(*legs, tranches=parts, size=av.offset("lots", 80))
        assert set(told.positions["parts"]) == {"1"}
        opened = told.orders.filter(layer="diagonals", action="open")
        assert opened["lots"].to_list() == [40.0]


def test_what_is_sold_has_the_parts_of_what_covers_it_or_none():
    parts = [{"share": 0.5}, {"share": 0.5, "when": "vix > 100"}]
    for mine, theirs in (("2", "2"), ("2", None)):
        told = advised(LONG | {"parts": mine}, NEARER | {"parts": theirs}, tranches=parts)
        assert set(told.positions["parts"]) == {"2"}
    for mine, theirs in (("1", "2"), (None, "2")):
        with pytest.raises(BookError, match=r"row 2: parts = '2' .*what is sold against a position has its"):
            advised(LONG | {"parts": mine}, NEARER | {"parts": theirs}, tranches=parts)


JUNE, JULY, MAY = date(2024, 6, 18), date(2024, 7, 17), date(2024, 5, 22)


@pytest.mark.parametrize("order", list(permutations(((8, JUNE), (7, JUNE), (10, JULY)))), ids=str)
def test_every_order_of_rows_finds_the_covers(order):
    """Eight, seven and ten calls cover as many that are sold, in whatever order a file has them."""
    bought = [leg_of(16.0, expiry, lots, 2.1) for lots, expiry in ((8, JUNE), (7, JUNE), (10, JULY))]
    sold = [leg_of(19.0 + k, MAY, -lots, 0.6) for k, (lots, _) in enumerate(order)]
    legs = [leg | {"position": f"p{k}"} for k, leg in enumerate([*bought, *sold])]
    weekly = {"every": "week", "days": (75, 180)}
    told = advised(*legs, buy=weekly, size=av.offset("lots", 10))
    assert told.ledger["requirement"] == 0


def test_a_lower_strike_covers_before_a_higher_one():
    """Each call is sold against one that is not struck above it, so that no pair needs margin."""
    bought = [leg_of(24.0, JUNE, 10, 1.0), leg_of(18.0, JULY, 10, 2.1)]
    sold = [leg_of(20.0, MAY, -10, 0.9), leg_of(26.0, MAY, -10, 0.5)]
    legs = [leg | {"position": f"p{k}"} for k, leg in enumerate([*bought, *sold])]
    told = advised(*legs, buy={"every": "week", "days": (75, 180)}, size=av.offset("lots", 10))
    assert told.ledger["requirement"] == 0


@pytest.mark.parametrize("flipped", [False, True])
def test_what_is_sold_is_put_where_the_layer_would_have_sold_it(flipped):
    """Half of eight calls and half of four: the four that are sold are not put on the four that are held."""
    bought = [leg_of(24.0, JUNE, 4, 1.0), leg_of(26.0, JUNE, 8, 0.9)]
    sold = [leg_of(30.0, MAY, -4, 0.5), leg_of(28.0, MAY, -2, 0.6)]
    legs = [
        leg | {"position": f"p{k}"} for k, leg in enumerate([*bought, *(sold[::-1] if flipped else sold)])
    ]
    told = advised(*legs, exit="days_to_expiry < 200", buy={"every": "week", "days": (75, 180)})
    orders = told.orders.filter(layer="diagonals").select("action", "strike", "lots").rows()
    assert orders == [
        ("close", 24.0, 4.0),
        ("buy back", 28.0, 2.0),
        ("close", 26.0, 8.0),
        ("buy back", 30.0, 4.0),
    ]
