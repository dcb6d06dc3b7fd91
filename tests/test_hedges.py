"""Hedges in the playbook: layers that buy, ledgers, caps; TOML there and back, mistakes by key."""

import math
import re
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

import alvh as av
from alvh import _core, playbook
from alvh import rules as r
from alvh.contracts import contract, products
from alvh.errors import AlvhError, SpecError
from alvh.playbook import Arm, Buy, Layer, Ledgers, Reduced, Rung, Size, SleeveTable, Transfer
from alvh.playbook.size import HEDGE_TARGETS
from alvh.specification import specification, task_of

PLAIN = av.preset("plain")
CALLS = av.Layer("calls", buy=av.vix_call(), size=av.offset("core.vega", 0.50))
SLEEVE = av.Sleeve(share=0.10, per_year=0.015)


# There and back

rules = st.sampled_from(["vix > 28", "core_challenge > 0.3 or core_loss_multiple > 1", "chance < 0.05"])
windows = st.tuples(st.integers(20, 60), st.integers(60, 400))
deltas = st.floats(0.01, 0.99) | st.lists(st.floats(0.01, 0.99), min_size=2, max_size=2).map(
    lambda ends: tuple(sorted(ends))
)
every = st.sampled_from(["day", "week", "month", "flat"])
options = st.builds(
    Buy,
    kind=st.sampled_from(["call", "put"]),
    product=st.sampled_from(["VIX", "SPX", "XSP", "SPXW", ("SPX", "XSP")]),
    days=windows,
    every=every,
    delta=deltas,
)
spreads = st.builds(
    Buy,
    kind=st.just("call_spread"),
    product=st.just("VIX"),
    days=windows,
    every=every,
    delta=st.floats(0.3, 0.9),
    spread_delta=st.floats(0.01, 0.29),
)
futures = st.builds(
    Buy,
    kind=st.just("future"),
    product=st.sampled_from(["VX", "VXM", ("VX", "VXM")]),
    days=windows,
    every=every,
)
reduced = st.none() | st.builds(Reduced, when=rules, to=st.floats(0, 0.99))
caps = st.lists(
    st.just("sleeve.budget")
    | st.floats(1e-3, 10).map("{} * equity".format)
    | st.floats(-0.6, -1e-3).map("crash_gain({})".format),
    max_size=3,
    unique=True,
)
rungs = st.lists(st.floats(0.1, 100), max_size=4, unique=True).flatmap(
    lambda starts: st.fixed_dictionaries(
        {start: st.fractions(0, 1 / (len(starts) or 1)).filter(bool).map(float) for start in starts}
    )
)


@st.composite
def hedges(draw, name):
    buy = draw(options | spreads | futures)
    is_future = buy.kind == "future"
    others = {"core.notional", "premium_share"} if is_future else {"core.max_loss"}
    size = Size(
        target=draw(st.sampled_from([each for each in HEDGE_TARGETS if each not in others])),
        value=draw(st.floats(0, 10)),
        multiplier=draw(st.floats(0, 10)),
        caps=tuple(cap for cap in draw(caps) if not (is_future and "equity" in cap)),
        reduced=draw(reduced),
    )
    return Layer(
        name,
        buy=buy,
        size=size,
        enter=draw(st.none() | rules),
        exit=draw(st.none() | rules),
        roll_below=draw(st.none() | st.integers(1, buy.window["low"] - 1)),
        monetise={} if is_future else draw(rungs),
        ledger=draw(st.sampled_from([None, "core", "sleeve"])),
    )


transfers = st.builds(
    lambda when, there, share: Transfer.model_validate(
        {"when": when, "from": there[0], "to": there[1], "share": share}
    ),
    rules,
    st.sampled_from([("core", "sleeve"), ("sleeve", "core")]),
    st.floats(0.01, 1),
)
tables = st.builds(SleeveTable, share=st.floats(0.01, 0.99), budget_per_year=st.floats(0.001, 1))
ledgers = st.builds(Ledgers, sleeve=tables, transfers=st.lists(transfers, max_size=2)) | st.builds(
    Ledgers, mode=st.just("commingled"), sleeve=tables
)
absent = st.lists(st.text(st.characters(codec="utf-8"), min_size=1, max_size=20), max_size=2)
arms = st.builds(
    lambda first, second, sleeve, terms: Arm(
        "hedged",
        PLAIN.core,
        layers=[first, second],
        sleeve=sleeve,
        absent=terms,
        internals="price_only" if terms else None,
    ),
    hedges("first"),
    hedges("second"),
    ledgers,
    absent,
)


@given(arms)
def test_any_hedged_arm_is_written_and_read_back(arm):
    text = arm.to_toml()
    assert tomllib.loads(text)["schema"] == playbook.SCHEMA
    again = Arm.from_toml(text)
    assert again == arm
    assert again.digest == arm.digest
    assert again.to_toml() == text


@given(arms, st.floats(0.01, 1))
def test_the_engine_takes_any_hedged_arm(arm, share):
    """C3, C13: what the playbook accepts, the engine compiles; the ladder moves the core alone."""
    spec = specification([arm], av.market.GBM(), sessions=5, capital=1e6, seed=1, shares=[share])
    _core.Plan(task_of([arm], av.market.GBM(), sessions=5, capital=1e6, seed=1, shares=[share]).text)
    (book,) = spec["books"]
    core, *hedge = book["layers"]
    assert core["size"]["value"] == share
    assert [layer["size"] for layer in hedge] == [layer.size.spec() for layer in arm.layers[1:]]
    assert all(layer["product"] in spec["contracts"] for layer in book["layers"])


# The design's example, word for word where it is about arms

DESIGN = """
schema = 1
name   = "alvh_v1"
[[layer]]                                   # R3 R4
name    = "core"
sell    = { structure = "iron_condor", product = "SPXW", days = [38, 52], every = "week" }
strikes = { by = "delta", short = 0.16, width = 0.01 }
size    = { target = "margin_share", value = 0.10 }
exit    = "profit >= 0.5 * credit or days_to_expiry <= 5"
[[layer]]                                   # R22 R36
name     = "vix_calls"
buy      = { kind = "call", product = "VIX", days = [20, 45], delta = [0.25, 0.35] }
size     = { target = "core.vega", value = 0.50, caps = ["sleeve.budget"] }
monetise = [{ at = 2.0, sell = "1/3" }, { at = 4.0, sell = "1/3" }]
[[layer]]                                   # R41 R42 R43 R46 R49
name  = "second_engine"
buy   = { kind = "put", product = ["SPX", "XSP"], days = [60, 120], delta = [0.65, 0.85] }
enter = "(vix > 28).for_sessions(3) and breakeven_challenge > 0.60"
exit  = "(vix < 25).for_sessions(3)"
size  = { target = "core.notional", value = 0.30, caps = ["0.15 * equity"] }
[ledgers]                                   # R60 R61
mode   = "separate"
sleeve = { share = 0.10, budget_per_year = 0.015 }
"""


def test_the_document_of_the_design_is_an_arm():
    arm = Arm.from_toml(DESIGN)
    assert [layer.role for layer in arm.layers] == ["core", "hedge", "hedge"]
    assert [layer.product for layer in arm.layers] == ["SPXW", "VIX", "XSP"]
    assert [rung.sell for rung in arm.layers[1].monetise] == [1 / 3, 1 / 3]
    assert arm.book(0.2)["ledgers"] == {
        "mode": "separate",
        "sleeve_share": 0.10,
        "budget_per_year": 0.015,
        "transfers": [],
    }
    assert [layer["ledger"] for layer in arm.at_share(0.2)] == ["core", "sleeve", "sleeve"]
    assert Arm.from_toml(arm.to_toml()) == arm


def test_the_program_of_the_design_runs():
    vix, challenge = r.signal("vix"), r.signal("breakeven_challenge")
    core = av.IronCondor(days=45, every="week", short_delta=0.16, width=0.01, size=av.margin_share(0.10))
    calls = av.Layer(
        "vix_calls",
        buy=av.vix_call(days=(20, 45), delta=(0.25, 0.35)),
        monetise={2.0: 1 / 3, 4.0: 1 / 3},
        size=av.offset("core.vega", 0.50).capped("sleeve.budget"),
    )
    puts = av.SecondEngine(
        enter=(vix > 28).for_sessions(3) & (challenge > 0.60), exit=(vix < 25).for_sessions(3)
    )
    plain = av.Arm("plain", core)
    hedged = plain.replace(name="alvh", layers=[calls, puts], sleeve=av.Sleeve(share=0.10, per_year=0.015))
    arms = [plain, plain.doubling(max_doublings=3), plain.stop(loss_multiple=2), hedged]
    result = av.compare(
        arms, av.market.L3F(vix=16), paths=64, sessions=63, capital=1_000_000, seed=7, shares=[0.10]
    )
    assert set(result.summary()["arm"]) == {"plain", "martingale", "stop_2x", "alvh"}


# What the engine gets


def test_legs_of_what_is_bought():
    spread = av.vix_call(delta=0.30, spread_delta=0.10)
    assert [(leg["right"], leg["ratio"], leg["strike"]["value"]) for leg in spread.legs()] == [
        ("C", 1, 0.30),
        ("C", -1, 0.10),
    ]
    assert av.put(delta=(0.65, 0.85)).legs() == [
        {"right": "P", "ratio": 1, "strike": {"by": "delta", "value": 0.75}}
    ]
    assert av.vx_future().legs() == []


@pytest.mark.parametrize(
    ("text", "spec"),
    [
        ("sleeve.budget", {"kind": "budget"}),
        ("0.15 * equity", {"kind": "premium", "share": 0.15}),
        ("crash_gain(-0.10)", {"kind": "crash_gain", "ln_move": math.log(0.9)}),
    ],
)
def test_caps(text, spec):
    (found,) = av.offset("core.vega", 0.5).capped(text).spec()["caps"]
    assert found.keys() == spec.keys()
    assert all(found[key] == pytest.approx(value) for key, value in spec.items())


def test_of_several_products_the_smallest_is_the_layers_own():
    assert av.put(product=("SPX", "XSP")).traded == "XSP"
    assert av.put(product="SPX").traded == "SPX"


def test_rules_of_a_hedge_set_the_warm_up():
    late = av.offset("core.vega", 0.5).reduced_when("(vix > 35).for_sessions(7)")
    assert av.Layer("x", buy=av.vix_call(), size=late).warm_up == 6
    moved = av.transfer("(vix > 35).for_sessions(9)", source="core", to="sleeve", share=0.5)
    assert PLAIN.replace(name="x", layers=[CALLS], sleeve=av.Sleeve(transfers=[moved])).warm_up == 8


def test_the_second_engine_is_never_entered_below_vix_25():
    engine = av.SecondEngine(enter="chance < 0.5 or vix > 3", exit="vix < 25")
    assert str(engine.enter) == "vix >= 25 and (chance < 0.5 or vix > 3)"  # R46
    assert str(engine.exit) == "(vix < 25) or (vix < 25 and days_to_expiry < 30)"  # rolled: entered again
    held = av.SecondEngine(enter="vix > 28", exit="vix < 25", reduced_above=None, roll_below=None)
    assert (str(held.exit), held.size.reduced) == ("vix < 25", None)


def test_a_hedge_does_not_watch_the_mark():
    """R13: an exit of a hedge that reads the core's challenge is no stop of the arm."""
    hedged = PLAIN.replace(
        name="x",
        layers=[
            av.Layer("c", buy=av.vix_call(), size=av.offset("core.vega", 0.5), exit="core_challenge < 0.2")
        ],
    )
    facts = task_of([PLAIN, hedged], av.market.GBM(), sessions=5, capital=1e6, seed=1, shares=[0.1]).facts
    assert facts["close_only"] == []


def test_terms_without_data_are_listed():
    """C24: by choice, and in every report."""
    terms = ["R25: advance–decline line", "R26: exchange rate"]
    arm = PLAIN.replace(name="blind", absent=terms, internals="price_only")
    facts = task_of([PLAIN, arm], av.market.GBM(), sessions=5, capital=1e6, seed=1, shares=[0.1]).facts
    (said,) = facts["limits"]
    assert said.startswith("blind ")
    assert all(term in said for term in terms)


def test_the_clock_reaches_the_farthest_expiry_of_a_hedge():
    far = av.Layer("f", buy=av.vx_future(days=(150, 210)), size=av.offset("core.vega", 0.5))
    spec = specification(
        [PLAIN.replace(name="x", layers=[far])],
        av.market.GBM(),
        sessions=20,
        capital=1e6,
        seed=1,
        shares=[0.1],
    )
    days = spec["schedule"]["days"]
    assert days[-1] - days[20] >= 210


def test_a_ladder_of_sizes_needs_a_core_that_follows_it():
    lots = PLAIN.replace(name="lots", size=Size(target="lots", value=2.0), layers=[CALLS])
    with pytest.raises(SpecError, match="sized in lots"):
        specification([lots], av.market.GBM(), sessions=5, capital=1e6, seed=1, shares=[0.1, 0.2])


# Digests

CHANGES = {
    "buy": {"buy": av.vix_call(days=(31, 60))},
    "delta": {"buy": av.vix_call(delta=0.31)},
    "spread": {"buy": av.vix_call(spread_delta=0.10)},
    "target": {"size": av.offset("core.index_notional", 0.50)},
    "value": {"size": av.offset("core.vega", 0.49)},
    "caps": {"size": av.offset("core.vega", 0.50).capped("0.1 * equity")},
    "reduced": {"size": av.offset("core.vega", 0.50).reduced_when("vix > 35")},
    "reductions": {"size": av.offset("core.vega", 0.50).reduced_when([("vix > 35", 0.2)])},
    "band": {"size": av.playbook.Size(target="core.vega", value=0.50, band=0.1)},
    "after": {"buy": av.vix_call(after="fomc")},
    "roll_below": {"roll_below": 14},
    "monetise": {"monetise": (Rung(at=2.0, sell=0.5),)},
    "ledger": {"ledger": "core"},
}


@pytest.mark.parametrize("change", CHANGES)
def test_digest_depends_on_whatever_the_engine_reads_of_a_hedge(change):
    arm = PLAIN.replace(name="x", layers=[CALLS], sleeve=SLEEVE)
    changed = Layer(**{**dict(CALLS), **CHANGES[change]})
    assert PLAIN.replace(name="x", layers=[changed], sleeve=SLEEVE).digest != arm.digest


def test_digest_depends_on_the_ledgers():
    sleeves = [None, SLEEVE, av.Sleeve(0.2, 0.015), av.Sleeve(0.1, 0.01), av.Sleeve(0.1)]
    arms = [PLAIN.replace(name="x", layers=[CALLS], sleeve=sleeve) for sleeve in sleeves]
    moved = av.transfer("vix > 30", source="core", to="sleeve", share=0.5)
    arms += [
        arms[1].commingled(),
        PLAIN.replace(name="x", layers=[CALLS], sleeve=av.Sleeve(transfers=[moved])),
    ]
    assert len({arm.digest for arm in arms}) == len(arms)
    spaced = av.transfer("vix>30.0", source="core", to="sleeve", share=0.5)
    assert (
        PLAIN.replace(name="x", layers=[CALLS], sleeve=av.Sleeve(transfers=[spaced])).digest
        == arms[-1].digest
    )


def test_commingled_keeps_the_layers_and_the_budget():
    arm = PLAIN.replace(name="x", layers=[CALLS], sleeve=SLEEVE)
    assert arm.commingled().layers == arm.layers
    assert arm.commingled().ledgers.sleeve == arm.ledgers.sleeve
    assert arm.commingled().name == "x_commingled"


# Mistakes

GOOD = 'schema = 1\nname = "mine"\n[[layer]]\nname = "core"\n[[layer]]\nname = "hedge"\n'
CALL = 'buy = { kind = "call", product = "VIX", delta = 0.3 }\n'
PUT = 'buy = { kind = "put", product = "XSP", delta = 0.75, days = [60, 120] }\n'
TWO = "reductions = [{ when = 'vix > 4' }] }"
FUTURE = 'buy = { kind = "future", product = "VX" }\n'
VEGA = 'size = { target = "core.vega", value = 0.5 }\n'


def moved(mode, when, source, to):
    transfer = f"{{ when = '{when}', from = '{source}', to = '{to}', share = 0.5 }}"
    return f"{CALL}{VEGA}[ledgers]\n{mode}\ntransfers = [{transfer}]"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f"{CALL}{VEGA}", None),
        (f"{CALL}", "layer 2 (hedge): size.target = 'margin_share': what is bought has core.vega"),
        (
            'size = { target = "core.vega" }',
            "size.target = 'core.vega': what is sold has margin_share or lots",
        ),
        (f"sell = {{}}\n{CALL}{VEGA}", "give sell (the core) or buy (a hedge), not both"),
        (f"{CALL}{VEGA}strikes = {{ width = 0.01 }}", "strikes: unused by a layer that buys calls"),
        (f"{CALL}{VEGA}progression = {{}}", "progression: unused by a layer that buys"),
        (f"{CALL}size = {{ target = 'lots', base = 'start' }}", "size.base: unused"),
        (f"{CALL}size = {{ target = 'lots', buffer = 0.1 }}", "size.buffer: unused"),
        (f"{CALL}size = {{ target = 'core.vega', gross_short_leg = true }}", "size.gross_short_leg: unused"),
        ("roll_below = 5", "roll_below: of what is bought; this layer sells"),
        ("monetise = [{ at = 2.0, sell = 0.5 }]", "monetise: of what is bought"),
        ('size = { caps = ["0.1 * equity"] }', "size.caps: of what is bought"),
        ('ledger = "sleeve"', "ledger: of what is bought"),
        (f"{PUT}{VEGA}roll_below = 60", "roll_below = 60: below 60, the nearest expiry that is bought"),
        (f"{PUT}{VEGA}roll_below = 0", "roll_below = 0: "),
        (f"{PUT}{VEGA}ledger = 'sleeve'", "layer 'hedge': ledger = 'sleeve': the arm has none"),
        (f"{PUT}size = {{ target = 'lots', caps = ['sleeve.budget'] }}", "give sleeve.budget_per_year"),
        (f"{PUT}size = {{ target = 'lots', caps = ['sleeve'] }}", "cap 'sleeve': 'sleeve.budget' (expected"),
        (f"{PUT}size = {{ target = 'lots', caps = ['-1 * equity'] }}", "a share of equity above 0"),
        (f"{PUT}size = {{ target = 'lots', caps = ['crash_gain(0.1)'] }}", "a fall of the index, from -0.6"),
        (f"{PUT}size = {{ target = 'lots', caps = ['.1*equity', '0.1 * equity'] }}", "each cap once"),
        (f"{PUT}size = {{ target = 'lots', reduced = {{ when = 'vix' }} }}", "size.reduced.when = 'vix': "),
        (
            f"{PUT}size = {{ target = 'lots', reduced = {{ when = 'vix > 3', to = 1.0 }} }}",
            "size.reduced.to = 1.0",
        ),
        (f"{PUT}{VEGA}monetise = [{{ at = 2.0, sell = '2/1' }}]", "monetise.0.sell = '2/1': "),
        (f"{PUT}{VEGA}monetise = [{{ at = 2.0, sell = 'third' }}]", "a fraction as text: '1/3'"),
        (f"{PUT}{VEGA}monetise = [{{ at = 2.0, sell = '1/0' }}]", "a fraction as text: '1/3'"),
        (f"{PUT}{VEGA}monetise = [{{ at = 4, sell = 0.5 }}, {{ at = 2, sell = 0.5 }}]", "ascending"),
        (f"{PUT}{VEGA}monetise = [{{ at = 2, sell = 0.5 }}, {{ at = 4, sell = 0.6 }}]", "sum to at most 1"),
        (f"{FUTURE}{VEGA}monetise = [{{ at = 2, sell = 0.5 }}]", "a future costs no premium"),
        (f"{FUTURE}size = {{ target = 'core.notional' }}", "a future costs no premium"),
        (f"{FUTURE}size = {{ target = 'lots', caps = ['0.1 * equity'] }}", "a future costs no premium"),
        ('buy = { kind = "put_spread", product = "XSP", delta = 0.4 }', "the option that a spread sells"),
        (
            'buy = { kind = "put_spread", product = "VIX", delta = 0.4, spread_delta = 0.2 }',
            "puts on the index (R41)",
        ),
        (f"{PUT}size = {{ target = 'core.max_loss' }}", "of futures; premium has core.notional"),
        (f"{PUT}size = {{ target = 'premium_share', band = 0.2 }}", "each opening is its own"),
        (PUT + "size = { target = 'lots', reduced = { when = 'vix > 3' }, " + TWO, "not both"),
        (f"{PUT}size = {{ target = 'lots', basis = 'wing_notional' }}", "of margin_share alone"),
        ('buy = { kind = "call", product = "VIX" }', "delta: an option needs one, nothing else has one"),
        (
            'buy = { kind = "future", product = "VX", delta = 0.5 }',
            "delta: an option needs one, nothing else has one",
        ),
        ('buy = { kind = "call", product = "VX", delta = 0.5 }', "kind = 'call': VX is a future"),
        ('buy = { kind = "future", product = "VIX" }', "kind = 'future': VIX is an option"),
        ('buy = { kind = "call", product = "VOX", delta = 0.5 }', "buy.product = 'VOX': no contract row"),
        (
            'buy = { kind = "call", product = ["VIX", "SPX"], delta = 0.5 }',
            "products that differ in size only",
        ),
        ('buy = { kind = "call", product = [], delta = 0.5 }', "at least one product"),
        ('buy = { kind = "call", product = "VIX", delta = 1.5 }', "an absolute delta above 0 and below 1"),
        ('buy = { kind = "call", product = "VIX", delta = [0.3, 0.2] }', "[low, high] with low <= high"),
        ('buy = { kind = "call", product = "VIX", delta = 0.3, spread_delta = 0.1 }', "nothing else has one"),
        (
            'buy = { kind = "call_spread", product = "VIX", delta = 0.3, spread_delta = 0.3 }',
            "more would be sold than bought (C13)",
        ),
        (f"{CALL}{VEGA}[ledgers]\nmode = 'apart'", "ledgers.mode = 'apart': "),
        (f"{CALL}{VEGA}[ledgers]\nsleeve = {{ share = 1.0 }}", "ledgers.sleeve.share = 1.0: "),
        (f"{CALL}{VEGA}[ledgers]\nsleeve = {{ budget = 1.0 }}", "ledgers.sleeve.budget: unknown key"),
        (moved("mode = 'commingled'", "vix > 3", "core", "sleeve"), "commingled is one ledger"),
        (moved("", "vix > 3", "core", "core"), "from and to: two different ledgers"),
        (moved("", "profit > 3", "core", "sleeve"), "ledgers.transfers.0.when = 'profit > 3': "),
    ],
)
def test_mistake_of_a_hedge_is_named_by_file_and_key(text, words):
    if words is None:
        assert Arm.from_toml(GOOD + text).layers[1].role == "hedge"
        return
    with pytest.raises(SpecError) as caught:
        Arm.from_toml(GOOD + text, source="mine.toml")
    message = str(caught.value)
    assert re.match(r"mine\.toml(, line \d+)?: ", message)
    assert words in message
    assert "\n" not in message


@pytest.mark.parametrize(
    "call",
    [
        lambda: av.Arm("x", CALLS),
        lambda: av.Arm("x", PLAIN.core, layers=[CALLS] * 2),
        lambda: PLAIN.replace(name="x", layers=[Layer(**{**dict(CALLS), "name": str(i)}) for i in range(10)]),
        lambda: PLAIN.replace(name="x", absent=["R25"]),
        lambda: PLAIN.replace(name="x", internals="price_only"),
        lambda: PLAIN.replace(name="x", sleeve=0.1),
        PLAIN.commingled,
        lambda: av.Layer("x", buy=av.vix_call()),
        lambda: av.Layer("x", bye=3),
        lambda: av.offset("core.veg", 0.5),
        lambda: av.offset("core.vega", -0.5),
        lambda: av.offset("core.vega", 0.5).capped("budget"),
        lambda: av.offset("core.vega", 0.5).reduced_when("profit > 3"),
        lambda: av.Sleeve(share=1.5),
        lambda: av.Sleeve(per_year=0.0),
        lambda: av.transfer("vix > 3", source="core", to="core", share=0.5),
        lambda: av.vix_call(delta=0.3, spread_delta=0.4),
        lambda: av.vx_future(product="VIX"),
        lambda: av.put(product="VXM"),
        lambda: av.put(days=0),
        lambda: av.SecondEngine(enter="vix > 28", exit="los > 3"),
        lambda: av.SecondEngine(enter="vix > 28", exit="vix < 25", equity=0),
        lambda: av.SecondEngine(enter="vix > 28", exit="vix < 25", days=(20, 40)),
    ],
)
def test_call_without_sense_is_refused_in_one_line(call):
    with pytest.raises(AlvhError) as caught:
        call()
    assert "\n" not in str(caught.value)
    assert "pydantic" not in str(caught.value)


# Presets

HEDGED = [name for name in av.presets() if len(av.preset(name).layers) > 1]


def test_hedged_presets_have_the_core_of_plain():
    assert {"alvh_0", "alvh_0_commingled", "always_on", "random_timing"} <= set(HEDGED)
    for name in HEDGED:
        assert av.preset(name).core == PLAIN.core or name == "promoter", name


def test_commingled_differs_in_its_ledgers_alone():
    alvh, one = av.preset("alvh_0"), av.preset("alvh_0_commingled")
    assert alvh.commingled(name=one.name).digest == one.digest
    assert one.absent == alvh.absent


def test_the_placebo_differs_in_its_rules_alone():
    """R19: same layers, sizes and ledgers, other dates."""
    alvh, placebo = av.preset("alvh_0"), av.preset("random_timing")
    timed = [layer.model_copy(update={"enter": None, "exit": None}) for layer in alvh.layers]
    chance = [layer.model_copy(update={"enter": None, "exit": None}) for layer in placebo.layers]
    assert chance == timed
    assert placebo.ledgers == alvh.ledgers
    rules = [rule for layer in placebo.layers[2:] for rule in (layer.enter, layer.exit)]
    assert {name for rule in rules for name in rule.check("position")} == {"chance"}


def test_numbers_of_the_methodology():
    layers = {layer.name: layer for layer in av.preset("alvh_0").layers}
    calls, futures, engine = layers["triggered_calls"], layers["futures"], layers["second_engine"]
    assert (calls.size.target, calls.size.value) == ("core.vega", 0.50)  # R22
    assert (futures.size.target, futures.size.value, futures.roll_below) == (
        "core.threatened_delta",
        0.35,
        60,
    )
    assert futures.trade.window == {"low": 75, "high": 105, "target": 90}  # R24
    assert engine.trade.window == {"low": 60, "high": 120, "target": 90}  # R41
    assert (engine.size.target, engine.size.value, engine.size.caps) == (
        "core.notional",
        0.30,
        ("sleeve.budget", "0.15 * equity"),
    )
    assert av.preset("alvh_0").ledgers == SLEEVE  # R60, R61


@pytest.mark.parametrize("product", products())
def test_every_product_can_be_traded(product):
    row = contract(product)
    if row.kind == "share":
        buy = av.etp_shares(product=product)
    elif row.kind == "future":
        buy = av.vx_future(product=product)
    elif row.on is not None:
        buy = av.etp_call(product=product)
    else:
        buy = av.put(product=product) if row.underlying == "SPX" else av.vix_call()
    arm = PLAIN.replace(name="x", layers=[av.Layer("x", buy=buy, size=av.offset("core.vega", 0.5))])
    task = task_of([arm], av.market.L3F(), sessions=5, capital=1e6, seed=1, shares=[0.1])
    _core.Plan(task.text)
    assert set(task.spec["contracts"]) == {"SPXW", product} | ({row.on} if row.on else set())


def test_a_size_in_percent_is_refused():
    words = r"value = 50: a share, at most 10 with core\.vega; 0\.50 is half"
    with pytest.raises(SpecError, match=words):
        av.offset("core.vega", 50)
    with pytest.raises(SpecError, match="at most 10 with margin_share"):
        Size(target="margin_share", value=15)
    assert Size(target="lots", value=50).value == 50
