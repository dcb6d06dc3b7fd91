"""`alvh advise`: what it decides is what the engine decides in a run; scores, books, words."""

import json
import math
import sys
from datetime import date, timedelta
from itertools import pairwise

import polars as pl
import pytest

import alvh as av
import markdown_pages
from alvh.advice import ACTIONS, TERMS, Book, advise, decision_log
from alvh.advice.book import COLUMNS, REQUIRED
from alvh.advice.scoring import best, scores, terms, weights_of
from alvh.cli import main
from alvh.contracts import contract
from alvh.errors import AlvhError, BookError, SpecError
from alvh.report import DISCLAIMER
from alvh.schedule import exchange
from test_steps import CALLS, CORE, HEDGED, PLAIN, market, recorded

FRAME = recorded()
LOG = decision_log(HEDGED, market(FRAME))
RUN = av.compare([HEDGED], market(FRAME), sessions=len(FRAME) - 2, shares=[0.10], margin="strategy")
"""The same decisions in a comparison: its one start, at the session from which the rules are warm."""


def book_of(decision):
    """What a decision tells of a book, as its owner would write it down."""
    legs = [
        {
            "position": f"{row['layer']} {number}",
            "layer": row["layer"],
            "product": row["product"],
            "right": leg["right"],
            "strike": strike,
            "expiration": row["expiry"],
            "quantity": row["lots"] * leg["ratio"],
            # One leg carries what the whole position was opened at.
            "price": abs(row["credit"]) if leg["ratio"] * row["credit"] < 0 and first else 0.0,
            "opened": row["opened"],
            "sold": row["sold"],
        }
        for number, row in enumerate(decision.positions.iter_rows(named=True))
        for layer in [next(layer for layer in HEDGED.layers if layer.name == row["layer"])]
        for index, (leg, strike) in enumerate(zip(layer.spec()["legs"], row["strikes"], strict=True))
        for first in [index == 0]
    ]
    ledger = decision.ledger
    return Book(cash=ledger["cash"], sleeve=ledger["sleeve"], capital=1e6, legs=pl.DataFrame(legs))


def until(frame, day):
    return market(frame.filter(pl.col("date") <= day))


def test_a_log_is_the_run():
    """Every order of the log is an event of the comparison's trace, and the other way round."""
    trace = RUN.trace(0)
    done = trace.events.filter(pl.col("event").is_in(["open", "close", "reduce", "monetise"]))
    ordered = LOG.orders.group_by("day", "order", maintain_order=True).first()
    fills = ordered.with_columns(filled=pl.col("day").replace_strict(_next_day(), return_dtype=pl.Date))
    fills = fills.filter(pl.col("filled") <= done["date"].max())
    assert fills.height == done.height > 40
    assert fills["filled"].to_list() == done["date"].to_list()
    assert fills["cash"].to_list() == done["cash"].to_list()
    assert fills["lots"].to_list() == done["lots"].to_list()
    assert LOG.frame["nav"].to_list()[: len(trace.ledger)] == trace.ledger["nav"].to_list()
    refusals = trace.events.filter(pl.col("event") == "skip")
    assert LOG.skips.filter(pl.col("reason") == "covered").height == refusals.height > 0


def _next_day():
    days = [*FRAME["date"].to_list(), FRAME["date"].to_list()[-1] + timedelta(7)]
    return dict(pairwise(days))


@pytest.mark.parametrize("index", [5, 17, 29, 38, 61, 90, 117])
def test_a_day_decides_what_the_run_decided(index):
    """A book and a history up to its evening give the orders of the whole run: nothing of tomorrow."""
    theirs = LOG.decisions[index]
    mine = advise(book_of(theirs), until(FRAME, theirs.day), HEDGED)
    assert mine.day == theirs.day
    assert mine.action == theirs.action
    for name in ("nav", "cash", "sleeve", "requirement", "available"):
        assert mine.ledger[name] == pytest.approx(theirs.ledger[name], rel=1e-9)
    for mine_row, their_row in zip(mine.terms.iter_rows(), theirs.terms.iter_rows(), strict=True):
        assert mine_row[:3] == their_row[:3]
        assert mine_row[3:5] == pytest.approx(their_row[3:5], abs=1e-9) or None in their_row
        assert (mine_row[3] is None) == (their_row[3] is None)
    key = ["layer", "action"]
    assert mine.orders.select(key).unique().sort(key).equals(theirs.orders.select(key).unique().sort(key))
    closing = pl.col("action") != "open"
    # What is closed is known tonight; what is opened depends on tomorrow's strikes.
    for column in ("side", "strike", "expiry", "lots"):
        assert sorted(mine.orders.filter(closing)[column].to_list()) == sorted(
            theirs.orders.filter(closing)[column].to_list()
        )
    held = ["layer", "expiry", "strikes", "lots", "ordered"]
    assert (
        mine.positions.select(held)
        .sort("layer", "expiry")
        .equals(theirs.positions.select(held).sort("layer", "expiry"))
    )


def test_the_days_that_are_compared_order_something():
    actions = {row for index in (5, 17, 29, 38, 61, 90, 117) for row in LOG.decisions[index].orders["action"]}
    assert {"open", "close"} <= actions
    assert set(LOG.orders["action"]) == {"open", "close", "roll", "monetise"}


def test_an_order_is_told_leg_by_leg():
    row = contract("SPXW")
    legs = LOG.orders.filter(layer="core", action="open").head(4)
    assert legs["side"].to_list() == ["sell", "buy", "sell", "buy"]
    assert legs["right"].to_list() == ["P", "P", "C", "C"]
    assert legs["order"].n_unique() == 1
    assert (legs["lots"] == legs["lots"][0]).all()
    mids = sum(
        price * (1 if side == "sell" else -1) for price, side in zip(legs["price"], legs["side"], strict=True)
    )
    assert 0 < legs["net"][0] < mids  # the spread is in the order, not in its legs
    assert legs["cash"][0] == pytest.approx(
        legs["lots"][0] * (legs["net"][0] * row.dollars_per_point - 4 * (row.exchange_fee + 0.5))
    )


def test_what_replaces_a_roll_says_so():
    """A roll opens whatever the rule that enters says: that rule is not its reason."""
    one = CALLS.model_copy(update={"buy": av.vix_call(days=(28, 63), delta=0.30, every="flat")})
    opened = dict.fromkeys((False, True), 0)
    for each in decision_log(HEDGED.replace(name="one", layers=[one]), market(FRAME)).decisions:
        rolled = not each.orders.filter(layer="calls", action="roll").is_empty()
        for reason in each.orders.filter(layer="calls", action="open")["reason"].unique():
            assert reason.startswith("roll; " if rolled else f"{CALLS.enter}; ")
            opened[rolled] += 1
            # What takes the place of another is no hedging of its own.
            hedging = each.terms.filter(action="hedge", term="ordered")["value"].to_list()
            assert hedging == [0.0 if rolled else 1.0]
    assert min(opened.values()) > 0


def test_a_roll_has_a_reason():
    rolls = LOG.orders.filter(action="roll")
    assert rolls["reason"].str.contains("; to ").any()
    assert (
        rolls["reason"]
        .str.contains(r"^roll: \d+ days left, below 25; (to \d{4}-\d\d-\d\d|nothing is opened in its place)$")
        .all()
    )


TODAY = {"date": date(2024, 2, 2), "spx": 4958.6, "vix": 13.9, "rate": 0.053, "dividend_yield": 0.014}
SIMPLE = av.Arm("simple", av.IronCondor(days=30, exit="loss > 1.0 * credit", enter="vix < 20"))
CONDOR = """
schema = 1
cash = 1_000_000
[[leg]]
product = "SPXW"
right = "P"
strike = 4700
expiration = 2024-03-01
quantity = -5
price = 12.0
opened = 2024-01-22
spot = 4850.0
[[leg]]
product = "SPXW"
right = "P"
strike = 4600
expiration = 2024-03-01
quantity = 5
price = 7.5
opened = 2024-01-22
spot = 4850.0
[[leg]]
product = "SPXW"
right = "C"
strike = 4950
expiration = 2024-03-01
quantity = -5
price = 14.0
opened = 2024-01-22
spot = 4850.0
[[leg]]
product = "SPXW"
right = "C"
strike = 5050
expiration = 2024-03-01
quantity = 5
price = 5.0
opened = 2024-01-22
spot = 4850.0
"""


@pytest.fixture(scope="module")
def told():
    return advise(Book.from_toml(CONDOR), TODAY, SIMPLE)


def test_a_book_and_one_day(told):
    (row,) = told.positions.iter_rows(named=True)
    assert row["strikes"] == [4700, 4600, 4950, 5050]
    assert row["credit"] == pytest.approx(13.5)
    assert row["ordered"] == "close"
    loss = (-row["value"] - 13.5) / 13.5
    assert loss > 1
    assert row["challenge"] == pytest.approx((4958.6 - 4850) / (4950 + 13.5 - 4850))
    assert told.action == "close"
    assert told.orders["side"].to_list() == ["buy", "sell", "buy", "sell"]
    assert told.orders["lots"].to_list() == [5.0] * 4
    assert told.ledger["requirement"] == pytest.approx(5 * 100 * 100)
    (exit_rule,) = [rule for _, opened, rule in told.rules if opened == date(2024, 1, 22)]
    assert exit_rule.explanation.outcome is True
    assert told.changes.filter(rule="exit")["then"].to_list() == [False]
    assert told.changes.filter(rule="enter")["atoms"].to_list() == ["vix < 20 false"]


def test_scores_are_the_sum_of_their_terms(told):
    for action, score in told.actions.iter_rows():
        listed = told.terms.filter(action=action)
        known = listed.drop_nulls("value")
        if score is None:
            assert known.is_empty()
            continue
        assert score == pytest.approx((known["weight"] * known["value"]).sum() / known["weight"].sum())
        assert score == pytest.approx(known["contribution"].sum())
        assert 0 <= score <= 1
    assert (
        told.terms.filter(action="hedge")["value"].null_count() == 4
    )  # no hedge layer, nothing to hedge with
    assert set(told.actions["action"]) == set(ACTIONS)


def test_ties_are_settled_by_the_order_of_actions():
    rows = [(action, "ordered", 1.0, 0.5, 0.5, "") for action in reversed(ACTIONS)]
    columns = ["action", "term", "weight", "value", "contribution", "meaning"]
    table = scores(pl.DataFrame(rows, schema=columns, orient="row"))
    assert table["action"].to_list() == ["close", "hold", "roll", "monetise", "hedge"] == list(ACTIONS)
    assert best(table) == "close"
    nothing = scores(pl.DataFrame(rows, schema=columns, orient="row").clear())
    assert best(nothing) is None
    assert nothing["score"].null_count() == 5


def test_weights_are_the_users(told):
    other = advise(Book.from_toml(CONDOR), TODAY, SIMPLE, weights={"close.ordered": 0, "hold.quiet": 0})
    scored = dict(other.actions.iter_rows())
    assert scored["close"] < dict(told.actions.iter_rows())["close"]
    assert other.orders.equals(told.orders)  # a score orders nothing
    none = {term.key: 0.0 for term in TERMS}
    assert advise(Book.from_toml(CONDOR), TODAY, SIMPLE, weights=none).action is None
    for wrong in ({"close.order": 1.0}, {"hedge.band": -1.0}, {"hedge.band": math.nan}):
        with pytest.raises(SpecError, match="weights: "):
            weights_of(wrong)


def test_unknown_is_not_zero():
    """A term that is not known has no part in its score; a gate that is not known is no refusal."""
    layers = [{"due": True, "enter": None, "press": None, "open": False, "held": [], "withheld": ["", ""]}]
    layers.append(layers[0] | {"enter": math.nan})
    decision = {"layers": layers, "available": [1e6, 0.0], "requirement": [0.0, 0.0], "vega": [math.nan] * 2}
    step = {"decision": decision, "ledger": {"call": False, "vix": 25.0}}
    table = terms(HEDGED, step, weights_of(None))
    known = dict(table.select(pl.col("action") + "." + pl.col("term"), "value").iter_rows())
    assert known["hedge.ordered"] is None
    assert known["hedge.uncovered"] is None
    assert known["hedge.band"] == pytest.approx(0.5)
    assert dict(scores(table).iter_rows())["hedge"] == pytest.approx(0.5)
    step["ledger"]["call"] = True
    forced = terms(HEDGED, step, weights_of(None)).filter(action="close", term="ordered")
    assert forced["value"].to_list() == [1.0]


def test_words_and_json(told):
    text = told.text()
    assert str(told) == text
    assert text.startswith("simple on 2024-02-02: SPX 4,958.60, VIX 13.90")
    for words in (
        "hedge    unknown  ordered unknown × 4",
        "core: close: buy 5 SPXW 2024-03-01 4700P at",
        "What would change this:",
        "loss > 1 * credit",
        "are estimates",
        DISCLAIMER,
    ):
        assert words in text, words
    data = json.loads(told.json())
    assert data["action"] == "close"
    assert data["day"] == "2024-02-02"
    assert data["disclaimer"] == DISCLAIMER
    assert [row["value"] for row in data["terms"] if row["action"] == "hedge"] == [None] * 4
    assert told.frame.columns == ["day", "arm", "action", "score"]
    assert told.frame.height == 5


def test_the_log_in_words_and_json():
    text = LOG.text()
    for words in (
        "calls: skip: (vix > 15).for_sessions(2) is false",
        "calls: skip: covered",
        "core: close",
        "calls: roll",
        "History is one path and not a sample",
        DISCLAIMER,
    ):
        assert words in text, words
    data = json.loads(LOG.json())
    assert len(data["decisions"]) == LOG.frame.height == len(FRAME) - HEDGED.warm_up
    assert set(ACTIONS) <= set(data["decisions"][0])


def csv(text=CONDOR):
    return Book.from_toml(text).legs.drop("position", "layer", "sold")


def test_a_book_in_csv_is_the_book_in_toml(tmp_path, told):
    file = tmp_path / "book.csv"
    csv().write_csv(file)
    assert advise(Book.read(file, cash=1e6), TODAY, SIMPLE).json() == told.json()
    with pytest.raises(BookError, match="CSV says nothing of cash"):
        Book.read(file)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda text: text.replace(",", ";"), r"its header is separated by ';'. Mend: commas"),
        (lambda text: text.replace(",", "\t"), r"its header is separated by '\\t'. Mend: commas"),
        (lambda text: text.replace("4700.0", "4,700.0"), r"row 1 has 10 cells, .* 9. Mend: no separ"),
        (
            lambda text: text.replace("4700.0", "4,700.0").replace("4850.0,", "4850.0,1"),
            r"row 1 has 10 cells, the header 9. Mend: no separ",
        ),
        (
            lambda text: text.replace("4850.0,\n", "4850.0,,\n"),
            r"row 1 has 10 cells, the last one empty, the header 9. Mend: .*, and no comma at its end",
        ),
        (
            lambda text: text.replace("parts", '"parts, all"').replace("4850.0,\n", "4850.0,,\n"),
            r"row 1 has 10 cells, the last one empty, the header 9",
        ),
        (lambda text: text.replace("12.0", "1" * 200_000), r"cannot be read as CSV: field larger than"),
        (lambda text: text.replace("4850.0,", '4850.0,"', 1), r"cannot be read as CSV: "),
        (lambda text: "\n" + text.replace("SPXW,P", "SP\x85XW,P"), r"row 1: product = 'SP"),
        (lambda text: text + ",,,,,,,,\n", r"row 5: product missing: text"),
        (lambda text: text.replace("12.0", ""), r"row 1: price missing: a number such as 1234.5"),
    ],
)
def test_a_csv_as_a_spreadsheet_writes_it_is_told(tmp_path, spoil, words):
    file = tmp_path / "book.csv"
    csv().write_csv(file)
    file.write_text(spoil(file.read_text()))
    with pytest.raises(BookError, match=words):
        Book.read(file, cash=1e6)


@pytest.mark.parametrize("blank", ["\n", "\r\n", " \t\n\n"], ids=repr)
def test_blank_lines_before_the_header_are_no_rows(tmp_path, told, blank):
    file = tmp_path / "book.csv"
    file.write_bytes((blank + csv().write_csv()).encode())
    assert advise(Book.read(file, cash=1e6), TODAY, SIMPLE).json() == told.json()


@pytest.mark.parametrize("suffix", ["csv", "toml"])
def test_a_byte_order_mark_is_no_word_of_a_book(tmp_path, told, suffix):
    file = tmp_path / f"book.{suffix}"
    file.write_text(csv().write_csv() if suffix == "csv" else CONDOR, encoding="utf-8-sig")
    assert advise(Book.read(file, cash=1e6), TODAY, SIMPLE).json() == told.json()


def test_a_bought_spread_lies_the_other_way_round():
    puts = av.SecondEngine(enter="vix > 5", exit="vix < 1", spread_delta=0.6)
    arm = SIMPLE.replace(name="engine", layers=[puts])
    leg = {"product": "SPX", "right": "P", "expiration": date(2024, 3, 15), "opened": date(2024, 1, 22)}
    legs = [
        {"strike": 5100.0, "quantity": 2, "price": 240.0},
        {"strike": 5000.0, "quantity": -2, "price": 170.0},
    ]
    told = advise(Book(cash=1e6, legs=pl.DataFrame([leg | each for each in legs])), TODAY, arm)
    assert told.positions["layer"].to_list() == [puts.name]
    legs[0]["strike"] = 4900.0
    with pytest.raises(BookError, match=r"buys the put at 4900 .* sells lies below what it buys") as caught:
        advise(Book(cash=1e6, legs=pl.DataFrame([leg | each for each in legs])), TODAY, arm)
    assert (caught.value.row, caught.value.column) == (2, "strike")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('product = "SPXW"', 'product = "SPWX"', r"row 1: product = 'SPWX': did you mean 'SPX'"),
        ("quantity = -5", "quantity = -4", r"quantity -4, 5, -5, 5: not whole lots of layer 'core'"),
        (
            "quantity = -5",
            "quantity = 5",
            r"fits no layer of simple, which has 'core': -1 SPXW P, \+1 SPXW P",
        ),
        ("quantity = -5", "quantity = -4.5", r"row 1: quantity = -4.5: whole contracts"),
        ("strike = 4700", "strike = 0", r"row 1: strike = 0.0: above 0"),
        ("strike = 4700", "strike = [1, 2]", r"row 1: strike = \[1, 2\]: a number"),
        ("strike = 4700", "strike = {a = 1}", r"row 1: strike = \{'a': 1\}: a number"),
        ("strike = 4700", "strike = true", r"row 1: strike = True: a number"),
        ("strike = 4700", f"strike = {10**400}", r"row 1: strike = an integer of 1329 bits: a number"),
        ("strike = 4700", "strike = 2024-01-02T03:04:05", r"row 1: strike = 2024-01-02 03:04:05: a number"),
        ('product = "SPXW"', 'product = ["SPXW"]', r"row 1: product = \['SPXW'\]: text"),
        ('right = "P"', 'right = "cash"', r"row 1: right = 'CASH': C or P"),
        ('right = "P"', 'right = "CP"', r"row 1: right = 'CP': C or P"),
        ("strike = 4700", 'strike = "x"', r"row 1: strike = 'x': a number such as 1234.5"),
        (
            "strike = 4700",
            "strike = 4550",
            r"at 4600 and sells the one at 4550: what layer 'core' sells lies above what it buys. Mend",
        ),
        (
            "strike = 4700",
            "strike = 4600",
            r"buys the put at 4600 and sells the one at 4600: what layer 'core'",
        ),
        ("price = 12.0", "price = -12.0", r"row 1: price = -12.0: 0 or more"),
        ("expiration = 2024-03-01", "expiration = 2024-03-02", r"\(-5 SPXW P\) fits no layer of simple"),
        ("spot = 4850.0", "spot = 4851.0", r"row 2: spot = 4850.0: position 'SPXW of 2024-03-01' has 4851.0"),
        ('right = "P"', 'right = "X"', r"row 1: right = 'X': C or P"),
        ('right = "P"\n', "", r"row 1: right = None: C or P"),
        ("cash = 1_000_000", "cash = 1_000_000\ncahs = 2", r"cahs: unknown key: did you mean 'cash'"),
        ("cash = 1_000_000", "", r"cash: missing"),
        ("cash = 1_000_000", "cash = nan", r"cash = nan: dollars"),
        ("schema = 1", "schema = 2", r"schema = 2: this version reads schema = 1"),
        ("schema = 1", "schema == 1", r"not TOML"),
        ("spot = 4850.0", "spt = 4850.0", r"spt: unknown column: did you mean 'spot'"),
        (
            'product = "SPXW"',
            'product = "SPXW"\nlayer = "cor"',
            r"row 1: layer = 'cor': did you mean 'core'",
        ),
    ],
)
def test_a_wrong_book_is_named(old, new, words):
    with pytest.raises(BookError, match=words):
        advise(Book.from_toml(CONDOR.replace(old, new, 1)), TODAY, SIMPLE)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("expiration = 2024-03-01", "expiration = 2024-03-02", r"expiration = 2024-03-02: a session up to"),
        ("expiration = 2024-03-01", "expiration = 2024-02-02", r"after 2024-02-02, the day of the book"),
        ("opened = 2024-01-22", "opened = 2024-02-05", r"opened = 2024-02-05: after 2024-02-02"),
        ("opened = 2024-01-22", "opened = 2024-01-21", r"opened = 2024-01-21: no session"),
        ("[[leg]]", '[[leg]]\nlayer = "cor"', r"layer = 'cor': did you mean 'core'"),
    ],
)
def test_a_wrong_day_is_named(old, new, words):
    with pytest.raises(BookError, match=words):
        advise(Book.from_toml(CONDOR.replace(old, new)), TODAY, SIMPLE)


def test_rights_are_written_out_too(told):
    spelt = CONDOR.replace('"P"', '"put"').replace('"C"', '"CALL"')
    assert advise(Book.from_toml(spelt), TODAY, SIMPLE).json() == told.json()


def test_columns_of_another_kind_are_refused():
    legs = csv()
    for column, dtype, words in (
        ("strike", pl.Boolean, r"row 1: strike = True: a number"),
        ("strike", pl.Datetime, r"row 1: strike = .*: a number"),
        ("product", pl.List(pl.String), r"row 1: product = .*: text"),
        ("right", pl.Boolean, r"row 1: right = True: text"),
    ):
        cells = {pl.Boolean: True, pl.Datetime: date(2024, 1, 2)}.get(dtype, ["SPXW"])
        other = legs.with_columns(pl.Series(column, [cells] * legs.height, dtype))
        with pytest.raises(BookError, match=words):
            Book(cash=1e6, legs=other)
    for right in (pl.Categorical, pl.Enum(["C", "P"])):
        assert Book(cash=1e6, legs=legs.with_columns(pl.col("right").cast(right))).legs.height == 4


def test_arguments_of_another_kind_are_named(tmp_path):
    book = Book(cash=1e6)
    for wrong, words in (
        (lambda: Book(cash=10**400), r"cash = an integer of 1329 bits: dollars"),
        (lambda: Book(cash=True), r"cash = True: dollars"),
        (lambda: Book(cash=1, legs=[{}]), r"legs is a list: a polars.DataFrame"),
        (lambda: Book.read(tmp_path / "no.toml"), r"no.toml: cannot be read: No such file"),
        (lambda: Book.read(tmp_path), r"cannot be read: Is a directory"),
        (lambda: advise(None, TODAY, SIMPLE), r"book is a NoneType: a Book"),
    ):
        with pytest.raises(BookError, match=words):
            wrong()
    for wrong, words in (
        (lambda: advise(book, TODAY, None), r"playbook is a NoneType: an Arm"),
        (lambda: decision_log(SIMPLE, "x.csv"), r"history is a str: a History"),
        (lambda: weights_of([1]), r"weights is a list: weights by name"),
        (lambda: weights_of({1: 1}), r"weights: 1: Known"),
        (lambda: weights_of({"hedge.band": 1e308}), r"hedge.band = 1e\+308: a number from 0 to 1e\+06"),
        (lambda: weights_of({"hedge.band": 10**400}), r"hedge.band = an integer of 1329 bits"),
        *(
            (
                lambda capital=capital: decision_log(SIMPLE, market(FRAME), capital=capital),
                r"capital = .*above 0",
            )
            for capital in (math.nan, math.inf, 0.0, -1.0, True, "1")
        ),
    ):
        with pytest.raises(SpecError, match=words):
            wrong()


def test_positions_that_are_alike_are_told_apart():
    with pytest.raises(BookError, match="tell them apart in the column position"):
        advise(Book.from_toml(CONDOR + CONDOR.split("1_000_000")[1]), TODAY, SIMPLE)


def test_a_given_spot_in_place_of_the_record_is_said():
    day = FRAME["date"][-10]
    for spot, said in ((None, False), (5000.0, True)):
        told = held_put(putting("loss > 1 * credit"), FRAME, opened=day, spot=spot)
        assert any("stands in for SPX on" in note for note in told.notes) == said


def test_capital_that_is_not_given_is_said_to_rules_that_read_it():
    reads = av.Arm("reads", av.IronCondor(days=30, enter="nav_share > 0.9"))
    for capital, arm, said in ((None, reads, True), (2e6, reads, False), (None, SIMPLE, False)):
        told = advise(Book(cash=1e6, capital=capital), TODAY, arm)
        assert any("Rules read NAV as a share of capital" in note for note in told.notes) == said


def test_the_last_close_of_a_log_is_an_estimate():
    assert any(
        limit.startswith(f"Of {FRAME['date'][-1]}: ") and "are estimates" in limit for limit in LOG.limits
    )
    assert any("are estimates" in note for note in LOG.decisions[-1].notes)
    assert not any(each.notes for each in LOG.decisions[:-1])


@pytest.mark.parametrize(
    ("calls", "words"),
    [
        ({"policy": "hold"}, "it is held"),
        ({"deadline": 3}, "it is met 3 sessions after it opened, if it stands then"),
        ({"deadline": 1}, None),
    ],
)
def test_a_call_that_closes_nothing_is_said(calls, words):
    """The condor needs 50,000 dollars, and the account has less."""
    arm = av.Arm("called", av.IronCondor(days=30, enter="vix < 1"), calls=av.MarginCalls(**calls))
    told = advise(Book.from_toml(CONDOR.replace("1_000_000", "45_000")), TODAY, arm)
    assert told.ledger["call"]
    assert "a margin call stands" in told.text().splitlines()[1]
    assert told.terms.filter(action="close", term="ordered")["value"].to_list() == [1.0]
    said = [reason for _, _, reason in told.skips.rows() if reason.startswith("margin call")]
    assert said == (
        [] if words is None else [f"margin call: nothing is closed for it in the next session: {words}"]
    )
    assert told.orders.is_empty() == (words is not None)


def test_what_is_not_known_of_a_position_is_said():
    """Opened before the record, at an SPX that nobody tells: the challenge is unknown, and no zero."""
    seen = advise(Book.from_toml(CONDOR), TODAY, SIMPLE)
    assert any("its sd_move, gamma_percentile, theta_acceleration are unknown" in note for note in seen.notes)
    blind = advise(Book.from_toml(CONDOR.replace("spot = 4850.0", "")), TODAY, SIMPLE)
    assert blind.positions["challenge"].to_list() == [None]
    assert blind.terms.filter(term="calm")["value"].to_list() == [None]
    assert any("opened on 2024-01-22, before the history" in note for note in blind.notes)
    assert any("its breakeven_challenge, sd_move" in note for note in blind.notes)


def test_ruin_is_told_and_closes():
    """A book in ruin has no call any more, and everything is closed: no evening to hold."""
    told = advise(Book.from_toml(CONDOR.replace("cash =", "capital = 100_000_000\ncash =")), TODAY, SIMPLE)
    assert (told.ledger["ruined"], told.ledger["call"]) == (True, False)
    assert told.terms.filter(action="close", term="ordered")["value"].to_list() == [1.0]
    assert told.orders["action"].to_list() == ["close"] * 4
    assert "the book is ruined" in told.text().splitlines()[1]
    days = exchange.sessions_around(date(2024, 1, 2), after=14)
    closes, fears = [5000.0] * 6 + [3600.0] * 9, [15.0] * 6 + [30.0] * 9
    frame = pl.DataFrame({"date": days, "spx": closes, "vix": fears})
    bold = av.Arm("bold", av.IronCondor(days=5, every="week"))
    log = decision_log(bold, market(frame), share=0.95)
    assert log.frame["ruined"].to_list() == [False] * 6 + [True] * 9
    assert not log.frame["call"].any()
    assert log.frame["action"].to_list()[6] == "close"
    assert (log.orders.filter(day=days[6])["reason"] == "ruin").all()
    after = log.skips.filter(pl.col("day") > days[6])["reason"].to_list()
    assert after == ["the book is ruined"] * 2  # the Mondays that are left


def test_what_settles_tomorrow_is_not_closed():
    """A tranche settles before the next session's fills: an exit of it closes nothing."""
    last = CONDOR.replace("expiration = 2024-03-01", "expiration = 2024-02-05").replace("4950", "4900")
    told = advise(Book.from_toml(last), TODAY, SIMPLE)
    assert told.positions["ordered"].to_list() == ["settles"]
    assert told.terms.filter(action="close", term="ordered")["value"].to_list() == [0.0]
    assert "close" not in told.orders["action"].to_list()
    assert ("core", "skip", "close: settles before the fill") in told.skips.rows()
    assert ", settles" in told.text()


def test_every_withheld_action_of_the_trace_is_a_skip():
    """A roll is withheld also on days on which the layer opens."""
    weekly = CALLS.model_copy(
        update={"buy": av.vix_call(days=(28, 63), delta=0.30, every="week"), "enter": None}
    )
    governance = av.Governance(signals={"calm": "vix < 17", "up": "spot > 4900"}, needs=2)
    arm = HEDGED.replace(name="weekly", layers=[weekly], governance=governance)
    run = av.compare([arm], market(FRAME), sessions=len(FRAME) - 2, shares=[0.10], margin="strategy")
    withheld = run.trace(0).events.filter(event="withhold").group_by("date").len().sort("date")
    told = decision_log(arm, market(FRAME)).skips.filter(pl.col("event") == "withhold")
    told = told.filter(pl.col("day") <= withheld["date"].max()).group_by("day").len().sort("day")
    assert told.rows() == withheld.rows()
    assert told.height > 10


def test_a_streak_of_losses_is_said_to_be_forgotten():
    doubling = SIMPLE.doubling(mode="add", name="doubling")
    assert any("begin without losses" in note for note in advise(Book(cash=1e6), TODAY, doubling).notes)
    assert not any("losses" in note for note in advise(Book(cash=1e6), TODAY, SIMPLE).notes)


def test_permits_are_among_the_rules():
    """A governed layer tells which of its votes withhold what is due."""
    governed = HEDGED.replace(
        name="governed", governance=av.Governance(signals={"calm": "vix < 1", "up": "spot > 1"})
    )
    dues = (each.day for each in LOG.decisions if "open" in each.orders["action"].to_list())
    told = advise(Book(cash=9e5, sleeve=1e5), until(FRAME, next(dues)), governed)
    permits = {
        rule.told.permit.name: rule.told.explanation.outcome for rule in told.rules if rule.told.permit
    }
    assert False in permits.values()
    assert told.skips.filter(layer="core")["event"].to_list() == ["withhold"]
    assert told.orders.filter(layer="core").is_empty()
    assert told.changes["rule"].str.starts_with("permit ").any()
    assert "permit " in told.text()


def released(day, value):
    return {"signal": "reer", "date": day, "released_at": day, "value": value}


def waiting():
    puts = av.put(product="SPX", every="day")
    layer = av.Layer("puts", buy=puts, size=av.Size(target="lots", value=99), enter="reer > 1")
    return PLAIN.replace(name="waits", layers=[layer])


def test_signals_are_those_known_at_the_close():
    """A release after the last close is not in it; missing is unknown, and said."""
    days = FRAME["date"].to_list()
    rows = [released(day, 0.8) for day in days[:-1]]
    low = pl.DataFrame([*rows, released(days[-1], 0.9)])
    high = pl.DataFrame([*rows, released(days[-1], 1.2)])
    tomorrow = pl.DataFrame([*low.rows(named=True), released(days[-1] + timedelta(1), 1.2)])
    ordered = {}
    for name, source in (("low", low), ("high", high), ("tomorrow", tomorrow), ("absent", "absent")):
        told = advise(Book(cash=1e6), market(FRAME), waiting(), signals=source)
        ordered[name] = told.orders.filter(layer="puts").height
        said = told.skips.filter(layer="puts")["reason"].to_list()
        assert (
            said
            == {
                "low": ["reer > 1 is false"],
                "high": [],
                "tomorrow": ["reer > 1 is false"],
                "absent": ["reer > 1 is unknown: data are missing"],
            }[name]
        )
        assert any("reer" in note for note in told.notes)
    assert ordered == {"low": 0, "high": 1, "tomorrow": 0, "absent": 0}
    log = decision_log(waiting(), market(FRAME), signals=high)
    assert log.orders.filter(layer="puts")["day"].to_list() == days[-1:]
    aligned = av.signals.align(high, days, staleness=3)
    for source in (aligned, av.signals.given(aligned, days)):
        assert decision_log(waiting(), market(FRAME), signals=source).orders.equals(log.orders)
    with pytest.raises(SpecError, match="reer is a signal from outside, and none are given"):
        advise(Book(cash=1e6), market(FRAME), waiting())


def test_signals_are_told_with_their_release():
    """Of what the rules read alone: the value and its release; what is stale is unknown, and dated."""
    days = FRAME["date"].to_list()
    rows = [released(days[-4], 0.8), released(days[-3], 1.2), released(days[-1] + timedelta(1), 9.0)]
    other = {**released(days[-1], 3.0), "signal": "cpi"}
    frame = pl.DataFrame([*rows, other])
    told = advise(Book(cash=1e6), market(FRAME), waiting(), signals=frame)
    age = (days[-1] - days[-3]).days
    assert told.signals.rows() == [("reer", 1.2, days[-3], age)]
    assert f"  reer 1.2, released {days[-3]}, {age} days ago" in told.text()
    assert json.loads(told.json())["signals"] == [
        {"signal": "reer", "value": 1.2, "released": str(days[-3]), "days": age}
    ]
    stale = av.signals.given(frame, days, staleness=0)
    told = advise(Book(cash=1e6), market(FRAME), waiting(), signals=stale)
    assert told.signals.rows() == [("reer", None, days[-3], age)]
    assert f"  reer unknown, released {days[-3]}" in told.text()
    aligned = av.signals.align(frame, days)
    told = advise(Book(cash=1e6), market(FRAME), waiting(), signals=aligned)
    assert told.signals.rows() == [("reer", 1.2, None, None)]
    assert advise(Book(cash=1e6), market(FRAME), waiting(), signals="absent").signals.is_empty()


def test_a_state_is_checked():
    book = Book(cash=1e6)
    with pytest.raises(SpecError, match=r"state: vix: missing"):
        advise(book, {k: v for k, v in TODAY.items() if k != "vix"}, SIMPLE)
    with pytest.raises(SpecError, match=r"state: vxi: unknown: did you mean 'vix'"):
        advise(book, TODAY | {"vxi": 3}, SIMPLE)
    with pytest.raises(SpecError, match=r"state: date = 'today'"):
        advise(book, TODAY | {"date": "today"}, SIMPLE)
    with pytest.raises(AlvhError, match=r"state: .*vix.*-1"):
        advise(book, TODAY | {"vix": -1.0}, SIMPLE)
    with pytest.raises(SpecError, match=r"look back 1 sessions, and 0 lie before 2024-02-02"):
        advise(book, TODAY, HEDGED)
    with pytest.raises(BookError, match=r"cash = 0: a book with cash"):
        advise(Book(cash=0), TODAY, SIMPLE)
    with pytest.raises(SpecError, match="equal_cost"):
        advise(book, TODAY, av.preset("fewer_lots_equal_mean"))
    with pytest.raises(SpecError, match="has the arms plain, simple"):
        advise(book, TODAY, av.Playbook("desk", [av.preset("plain"), SIMPLE]))


def test_layers_that_fit_alike_are_told_apart():
    calls = HEDGED.layers[1]
    twice = HEDGED.replace(name="twice", layers=[calls, calls.model_copy(update={"name": "more"})])
    leg = {"product": ["VIX"], "right": ["C"], "strike": [22.0], "expiration": [date(2024, 7, 17)]}
    leg |= {"quantity": [10.0], "price": [1.0], "opened": [FRAME["date"][-1]]}
    money = {"cash": 9e5, "sleeve": 1e5}
    with pytest.raises(BookError, match=r"fits the layers 'calls', 'more' of twice. Mend: say which"):
        advise(Book(**money, legs=pl.DataFrame(leg)), market(FRAME), twice)
    said = advise(Book(**money, legs=pl.DataFrame(leg | {"layer": ["more"]})), market(FRAME), twice)
    assert said.positions["layer"].to_list() == ["more"]


def held_put(arm, frame, **leg):
    day = frame["date"][-1]
    given = {
        "product": "SPX",
        "right": "P",
        "strike": 5300.0,
        "expiration": date(2024, 9, 20),
        "quantity": 2.0,
    }
    legs = pl.DataFrame([given | {"price": 300.0, "opened": day} | leg])
    return advise(Book(cash=1e6, legs=legs), market(frame), arm)


def putting(exit_rule):
    puts = av.put(product="SPX", every="month")
    layer = av.Layer("puts", buy=puts, size=av.Size(target="lots", value=1), exit=exit_rule)
    return PLAIN.replace(name="putting", layers=[layer])


def test_windows_over_the_market_know_the_sessions_before_the_book():
    """Those over the position begin with the book: of the evenings before nobody has told its mark."""
    calm = FRAME["vix"].tail(3).max() + 1
    over_market = held_put(putting(f"(vix < {calm}).for_sessions(3)"), FRAME)
    assert over_market.positions["ordered"].to_list() == ["close"]
    rule = "(mark < 1000000).for_sessions({})"
    opened = FRAME["date"][-10]
    over_position = [held_put(putting(rule.format(n)), FRAME, opened=opened) for n in (1, 3)]
    assert [told.positions["ordered"].to_list() for told in over_position] == [["close"], [None]]
    assert [told.rules[-1].told.explanation.outcome for told in over_position] != [True, True]
    held = held_put(putting("sessions_held >= 9"), FRAME, opened=opened)
    assert held.positions["ordered"].to_list() == ["close"]
    assert held_put(putting("sessions_held >= 10"), FRAME, opened=opened).positions["ordered"].to_list() == [
        None
    ]


def test_what_happens_inside_the_next_session_is_not_ordered_today():
    """A stop on the mark may fire tomorrow: the log tells it, advice does not."""
    arm = av.preset("conservative_1dte_stop_1x")
    log = decision_log(arm, market(FRAME))
    inside = log.orders.filter(
        pl.col("reason").str.contains(r"loss >= 1.0 \* credit, minute \d+ of the next session")
    )
    assert inside.height > 0
    assert (inside["action"] == "close").all()
    told = [advise(Book(cash=1e6), until(FRAME, day), arm) for day in inside["day"].unique().sort().head(3)]
    assert all((each.orders["action"] == "open").all() for each in told)
    assert any("one drawn path" in note for note in told[0].notes)


def test_a_stop_that_is_due_is_ordered_where_sessions_have_bars():
    """Decided at the close, filled at the next opening: an order of today."""
    day = FRAME["date"][-1]
    spx = FRAME["spx"][-1]
    strikes = (round(spx / 5) * 5 - step for step in (-60, -10, 10, 60))
    opened = {"product": "SPXW", "expiration": day + timedelta(2), "opened": day, "layer": "core"}
    above, call, put, below = strikes
    legs = [
        opened | {"right": right, "strike": float(strike), "quantity": quantity, "price": price}
        for right, strike, quantity, price in (
            ("P", below, 10.0, 0.1),
            ("P", put, -10.0, 0.5),
            ("C", call, -10.0, 0.5),
            ("C", above, 10.0, 0.1),
        )
    ]
    arm = av.preset("conservative_1dte").stop(loss_multiple=1.0)
    told = advise(Book(cash=1e6, legs=pl.DataFrame(legs)), market(FRAME), arm)
    assert told.positions["ordered"].to_list() == ["close"]
    assert told.orders.filter(action="close").height == 4
    assert told.break_evens["lower_after"][0] is None


def test_every_kind_of_layer_can_be_held():
    """Puts of a tenth of the index, and a future with its daily variation."""
    arm = PLAIN.replace(
        name="more",
        layers=[
            av.Layer("puts", buy=av.put(), size=av.Size(target="lots", value=1)),
            av.Layer("futures", buy=av.vx_future(), size=av.Size(target="lots", value=1)),
        ],
    )
    day = FRAME["date"][-1]
    legs = pl.DataFrame(
        {
            "product": ["XSP", "VXM"],
            "right": ["P", None],
            "strike": [520.0, None],
            "expiration": [date(2024, 9, 20), date(2024, 9, 18)],
            "quantity": [3.0, 4.0],
            "price": [16.0, 17.5],
            "opened": [day, day],
        }
    )
    told = advise(Book(cash=1e6, legs=legs), market(FRAME), arm)
    puts, futures = told.positions.iter_rows(named=True)
    assert puts["strikes"] == [520.0]
    assert puts["credit"] == pytest.approx(-16.0)
    assert 5 < puts["value"] < 80
    assert futures["strikes"] == []
    assert 10 < futures["value"] < 40
    # A future is no asset: its gains are in cash.
    assert told.ledger["nav"] == pytest.approx(1e6 + 3 * 100 * puts["value"], rel=1e-9)
    assert told.ledger["requirement"] > 0


def run(capsys, *words):
    with pytest.raises(SystemExit) as ended:
        main_with(["advise", *map(str, words)])
    out = capsys.readouterr()
    return ended.value.code, out.out, out.err


def main_with(words):
    sys.argv = ["alvh", *words]
    main()


@pytest.fixture
def files(tmp_path):
    (tmp_path / "simple.toml").write_text(SIMPLE.to_toml())
    (tmp_path / "hedged.toml").write_text(HEDGED.to_toml())
    (tmp_path / "book.toml").write_text(CONDOR)
    values = "\n".join(f"{name} = {value}" for name, value in TODAY.items())
    (tmp_path / "today.toml").write_text(values)
    FRAME.write_csv(tmp_path / "closes.csv")
    csv().write_csv(tmp_path / "book.csv")
    return tmp_path


def test_the_command_says_what_the_library_says(capsys, files, told, monkeypatch):
    monkeypatch.setattr("sys.argv", [])
    book, state = ("--book", files / "book.toml"), ("--state", files / "today.toml")
    assert run(capsys, files / "simple.toml", *book, *state) == (0, told.text() + "\n", "")
    code, out, _ = run(
        capsys, files / "simple.toml", "--book", files / "book.csv", "--cash", "1e6", *state, "--json"
    )
    assert (code, json.loads(out)) == (0, json.loads(told.json()))
    rates = ("--rate", "0.04", "--dividend-yield", "0.013")
    code, out, _ = run(capsys, files / "hedged.toml", "--history", files / "closes.csv", *rates)
    assert (code, out) == (0, LOG.text() + "\n")
    code, out, _ = run(capsys, files / "simple.toml", *book, *state, "--weight", "close.ordered=0", "--json")
    assert json.loads(out)["terms"][0]["weight"] == 0


def test_the_command_takes_signals(capsys, files, monkeypatch):
    monkeypatch.setattr("sys.argv", [])
    day = FRAME["date"][-1]
    pl.DataFrame([released(day, 1.2)]).write_csv(files / "signals.csv")
    (files / "waits.toml").write_text(waiting().to_toml())
    (files / "cash.toml").write_text("schema = 1\ncash = 1_000_000\n")
    where = ("--book", files / "cash.toml", "--history", files / "closes.csv", "--rate", "0.04")
    given = (*where, "--dividend-yield", "0.013", "--signals", files / "signals.csv", "--json")
    for stale in ((), ("--staleness", "reer=3")):
        code, out, err = run(capsys, files / "waits.toml", *given, *stale)
        assert (code, err) == (0, "")
        assert [row["layer"] for row in json.loads(out)["orders"]] == ["puts"]


def test_the_command_refuses(capsys, files, monkeypatch):
    monkeypatch.setattr("sys.argv", [])
    book, state = ("--book", files / "book.toml"), ("--state", files / "today.toml")
    arm, rates = files / "simple.toml", ("--rate", "0.04", "--dividend-yield", "0.013")
    for words, said in (
        ((arm, *book), "--history FILE or --state FILE"),
        ((arm, "--history", files / "closes.csv", *rates, "--capital", "nan"), "capital = nan: dollars"),
        ((arm, *state), "--state is today's alone"),
        ((arm, *book, *state, "--capital", "5"), "--capital is of a log"),
        ((arm, *book, *state, "--rate", "0.1"), "--rate stands in --state"),
        ((arm, *book, *state, "--weight", "hedge"), "--weight hedge: TERM=NUMBER"),
        ((arm, "--history", files / "closes.csv", "--cash", "5"), "--cash is of a book"),
        ((arm, "--history", files / "closes.csv", "--start", "1999-01-04"), "closes.csv"),
        (("no_such", *book, *state), "no_such"),
        ((arm, *book, *state, "--staleness", "put_call=5"), "--staleness is about signals of a history"),
    ):
        code, out, err = run(capsys, *words)
        assert (code, out) == (2, "")
        assert said in err, err


def test_a_log_starts_where_it_is_told():
    days = FRAME["date"].to_list()
    late = decision_log(HEDGED, market(FRAME), start=days[100])
    assert late.frame["day"].to_list() == days[100:]
    with pytest.raises(SpecError, match="start = 2020-01-02: no session of frame"):
        decision_log(HEDGED, market(FRAME), start=date(2020, 1, 2))
    with pytest.raises(SpecError, match="look back 1"):
        decision_log(HEDGED, market(FRAME), start=days[0])


def test_core_of_the_samples_is_the_first_layer():
    assert HEDGED.layers[0] == CORE


def test_the_page_lists_terms_and_columns():
    terms_told = markdown_pages.table("docs/advise.md", "action | term")
    assert [tuple(row) for row in terms_told] == [
        (term.action, term.name, f"{term.weight:g}", term.meaning) for term in TERMS
    ]
    columns = markdown_pages.table("docs/advise.md", "leg | required")
    assert [name for name, *_ in columns] == list(COLUMNS)
    assert [name for name, required, _ in columns if required == "yes"] == list(REQUIRED)


def test_break_evens_stand_before_and_after_the_orders():
    """R8: by the credit; with what the hedges held have cost; with what the orders pay and bring in."""
    checked = 0
    for each in LOG.decisions:
        table = each.break_evens
        core = each.positions.filter(layer="core")
        new = each.orders.filter(layer="core", action="open")["order"].n_unique()
        assert table.height == core.height + new
        if core.is_empty():
            continue
        hedges = each.positions.filter(pl.col("layer") != "core")
        points = {row["product"]: contract(row["product"]) for row in each.positions.iter_rows(named=True)}
        paid = sum(
            row["credit"] * row["lots"] * points[row["product"]].multiplier
            for row in hedges.iter_rows(named=True)
        )
        orders = each.orders.group_by("order", maintain_order=True).first()
        traded = orders.filter(~pl.col("layer").is_in(["core"]))["cash"].sum()
        sold = orders.filter(layer="core", action="open")["lots"].sum()
        closed = orders.filter(layer="core").filter(pl.col("action") != "open")["lots"].sum()
        lots = core["lots"].sum()
        first, row = core.row(0, named=True), table.row(0, named=True)
        credit = first["credit"]
        below, above = first["strikes"][0], first["strikes"][2]
        assert row["lower"] == pytest.approx(below - credit)
        assert row["upper"] == pytest.approx(above + credit)
        spread = paid / lots / 100
        assert (row["lower_hedged"] is None) == (credit + spread < 0)
        if row["lower_hedged"] is not None:
            assert row["lower_hedged"] == pytest.approx(below - credit - spread)
            assert row["upper_hedged"] == pytest.approx(above + credit + spread)
        if row["lower_after"] is not None and lots - closed + sold > 0:
            spread = (paid + traded) / (lots - closed + sold) / 100
            assert row["lower_after"] == pytest.approx(below - credit - spread)
            checked += traded != 0
    assert checked > 10


def test_what_is_closed_has_no_break_even_after_and_what_is_opened_none_before():
    closing = [each for each in LOG.decisions if each.orders.filter(layer="core", action="close").height]
    opening = [each for each in LOG.decisions if each.orders.filter(layer="core", action="open").height]
    assert closing
    assert opening
    gone = closing[0].orders.filter(layer="core", action="close")["expiry"][0]
    row = closing[0].break_evens.filter(expiry=gone).row(0, named=True)
    assert row["lower"] is not None
    assert (row["lower_after"], row["upper_after"]) == (None, None)
    new = opening[0].break_evens.row(-1, named=True)
    assert new["lower"] is not None
    assert (new["lower_hedged"], new["upper_hedged"]) == (None, None)
    text = opening[0].text()
    assert "Break-evens at expiry, by the credit alone, with what hedges cost, after the orders:" in text
    assert f"{new['lots']:g} lots: {new['lower']:,.1f} to {new['upper']:,.1f}; none; " in text
