"""Advice on shares of funds of VIX futures and on their options: books in shares, at their own price."""

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import alvh as av
from alvh import _core, advice
from alvh.advice import Book
from alvh.cli import main
from alvh.history import History
from alvh.schedule import listed_expiries, sessions
from alvh.specification import specification

PRICE = 45.30  # of a share, today
DAYS = sessions(date(2024, 1, 2), date(2024, 3, 28))
VIX = [14.0 + (i % 17) * 0.8 for i in range(len(DAYS))]


def settlements() -> pl.DataFrame:
    """Four futures a month apart, of every session."""
    monthly = listed_expiries("VX", DAYS[0], DAYS[-1] + timedelta(days=150))
    rows = [
        (day, expiry, 0.8 * vix + 4.0 + 0.4 * rank)
        for day, vix in zip(DAYS, VIX, strict=True)
        for rank, expiry in enumerate([each for each in monthly if each > day][:4])
    ]
    return pl.DataFrame(rows, ["date", "expiry", "settle"], orient="row")


def record(last: int = len(DAYS) - 1) -> History:
    """Closes up to a session, and the futures."""
    closes = {"date": DAYS, "spx": [4800.0 - 12.0 * (v - 14.0) for v in VIX], "vix": VIX}
    frame = pl.DataFrame(closes)[: last + 1]
    vx = settlements().filter(pl.col("date") <= DAYS[last])
    return History(frame, rate=0.053, dividend_yield=0.014, vx=vx)


def arm(**more: Any) -> av.Arm:
    layer = av.Layer(
        **{
            "name": "vxx",
            "buy": av.etp_shares(),
            "size": av.Size(target="lots", value=30),
            "enter": "vix < 18",
            "exit": "vix > 24",
        }
        | more
    )
    return av.Arm("shares", av.IronCondor(enter="vix < 0"), layers=[layer], sleeve=av.Sleeve(share=0.2))


CALLS = {
    "name": "calls",
    "buy": av.etp_call(days=(20, 45)),
    "enter": None,
    "exit": "vix > 24",
    "size": av.Size(target="lots", value=10),
}


def leg(**more: Any) -> dict[str, Any]:
    return {
        "product": "VXX shares",
        "right": None,
        "strike": None,
        "expiration": None,
        "quantity": 3_000.0,
        "price": 40.0,
        "opened": DAYS[2],
    } | more


def book(*legs: dict[str, Any], prices: Any = None, **more: Any) -> Book:
    told = {"VXX shares": PRICE} if prices is None else prices
    return Book(cash=800_000, sleeve=80_000, legs=pl.DataFrame(list(legs)), prices=told, **more)


def test_the_log_is_what_the_engine_did() -> None:
    """Decided on one close and filled on the next: orders in shares, at the prices of the replay."""
    log = advice.decision_log(arm(), record(), prices={"VXX shares": PRICE})
    market = advice.advising.unmoved(record())
    spec = specification(
        [arm()], market, sessions=len(DAYS), capital=1e6, seed=0, shares=[0.10]
    )  # one session more: the estimated one
    spec["starts"] = [0]
    spec["contracts"]["VXX shares"]["fund"]["price"] = PRICE
    trace = _core.Plan(json.dumps(spec)).trace(0, 0)
    traded = [each for each in trace["events"] if each["event"] in {"open", "close"}]
    assert {each["event"] for each in traded} == {"open", "close"}
    assert log.orders["cash"].to_list() == [each["cash"] for each in traded]
    assert log.orders["price"].to_list() == [each["leg_prices"][0] for each in traded]
    assert log.orders["lots"].to_list() == [100 * each["lots"] for each in traded]
    assert log.orders["product"].unique().to_list() == ["VXX shares"]
    assert log.orders["expiry"].null_count() == len(log.orders)
    filled = [DAYS[each["tick"] - 1] for each in traded]
    assert log.orders["day"].to_list() == filled
    assert "buy" in log.orders["side"].to_list()
    assert "3000 VXX shares" in str(log)


@pytest.mark.parametrize("layer", [{}, CALLS], ids=["shares", "calls"])
def test_a_book_decides_what_the_log_decided(layer: dict[str, Any]) -> None:
    """Both ways over the same record: books told by hand, of every fifth close and where one sells."""
    log = advice.decision_log(arm(**layer), record(), prices={"VXX shares": PRICE})
    compared: list[str | None] = []
    for now in log.decisions[1:-1]:
        if len(compared) % 5 and "close" not in now.positions["ordered"]:
            compared.append(None)
            continue
        tick = DAYS.index(now.day)
        legs = [
            leg(
                product=row["product"],
                right="C" if row["strikes"] else None,
                strike=row["strikes"][0] if row["strikes"] else None,
                expiration=row["expiry"],
                quantity=row["lots"],
                price=-row["credit"],
                opened=row["opened"],
            )
            for row in now.positions.iter_rows(named=True)
        ]
        share = shares_worth(tick)
        mine = Book(
            cash=now.ledger["cash"],
            sleeve=now.ledger["sleeve"],
            capital=1e6,
            legs=pl.DataFrame(legs) if legs else Book(cash=0.0).legs,
            prices={"VXX shares": share},
        )
        told = av.advise(mine, record(tick), arm(**layer))
        assert told.ledger["nav"] == pytest.approx(now.ledger["nav"], rel=1e-9)
        same = ["layer", "product", "lots", "opened", "expiry", "strikes", "ordered"]
        assert told.positions.select(same).sort(same[:5]).equals(now.positions.select(same).sort(same[:5]))
        assert told.positions["value"].to_list() == pytest.approx(now.positions["value"].to_list(), rel=1e-9)
        compared.append("close" if "close" in now.positions["ordered"] else None)
    assert "close" in compared


def shares_worth(tick: int) -> float:
    """What the replay says of a share at a close: that of an arm which never sells it."""
    held = arm(enter=None, exit=None)
    log = advice.decision_log(held, record(), prices={"VXX shares": PRICE})
    return float(log.decisions[tick].positions["value"][0])


def test_a_book_is_marked_to_the_price_of_the_day() -> None:
    today = DAYS.index(next(day for day, vix in zip(DAYS[20:], VIX[20:], strict=True) if vix > 25))
    told = av.advise(book(leg()), record(today), arm())
    row = told.positions.row(0, named=True)
    assert (row["product"], row["lots"], row["value"], row["credit"]) == ("VXX shares", 3_000, PRICE, -40.0)
    assert (row["expiry"], row["days"], row["strikes"]) == (None, None, [])
    assert told.ledger["nav"] == pytest.approx(880_000 + 3_000 * PRICE)
    assert row["ordered"] == "close"
    order = told.orders.row(0, named=True)
    assert (order["side"], order["lots"], order["product"]) == ("sell", 3_000, "VXX shares")
    assert order["expiry"] is None
    assert order["cash"] == pytest.approx(3_000 * PRICE, rel=0.02)  # a night's roll and the spread
    assert "sell 3000 VXX shares at" in str(told)
    assert "3000 × VXX shares, worth 45.30" in str(told)
    assert json.loads(told.json())["orders"][0]["lots"] == 3_000


def test_calls_are_priced_on_the_price_of_the_day() -> None:
    """Twice the share, twice the strike: such a call costs twice as much."""
    marks = []
    for times in (1.0, 2.0):
        call = leg(
            product="VXX",
            right="C",
            strike=50.0 * times,
            expiration=listed_expiries("VXX", DAYS[30], DAYS[60])[2],
            quantity=10.0,
            price=2.0,
        )
        told = av.advise(book(call, prices={"VXX shares": times * PRICE}), record(20), arm(**CALLS))
        marks.append(told.positions["value"][0])
        assert told.positions["lots"][0] == 10
    assert marks[1] == pytest.approx(2 * marks[0], rel=1e-9)


def test_books_in_files(tmp_path: Path) -> None:
    table = tmp_path / "book.csv"
    table.write_text(f"product,quantity,price,opened\nVXX shares,3000,40,{DAYS[2]}\n", encoding="utf-8")
    read = Book.read(table, cash=8e5, sleeve=8e4, prices={"VXX shares": PRICE})
    text = f"""
schema = 1
cash = 800_000
sleeve = 80_000
[prices]
"VXX shares" = {PRICE}
[[leg]]
product = "VXX shares"
quantity = 3000
price = 40
opened = {DAYS[2]}
"""
    written = tmp_path / "book.toml"
    written.write_text(text, encoding="utf-8")
    for each in (read, Book.read(written)):
        told = av.advise(each, record(20), arm())
        assert told.positions.select("lots", "value").row(0) == (3_000, PRICE)


def test_the_command_takes_prices(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Closes, futures, playbook and book in files; the price beside a book in CSV."""
    told = record(20)
    closes, futures = tmp_path / "closes.csv", tmp_path / "vx.csv"
    told.data.frame.select("date", "spx", "vix").write_csv(closes)
    settlements().filter(pl.col("date") <= DAYS[20]).write_csv(futures)
    files = {
        "replay.toml": History(closes, rate=0.053, dividend_yield=0.014, vx=futures).to_toml(),
        "arm.toml": arm().to_toml(),
        "book.csv": f"product,quantity,price,opened\nVXX shares,3000,40,{DAYS[2]}\n",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    given = ["advise", str(tmp_path / "arm.toml"), "--history", str(tmp_path / "replay.toml")]
    given += ["--book", str(tmp_path / "book.csv"), "--cash", "800000", "--sleeve", "80000", "--json"]
    monkeypatch.setattr("sys.argv", ["alvh", *given, "--price", f"VXX shares={PRICE}"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
    held = json.loads(capsys.readouterr().out)["positions"][0]
    assert (held["product"], held["lots"], held["value"]) == ("VXX shares", 3_000, PRICE)
    for options, words in (([], "Mend: give prices"), (["--price", "VXX shares"], "PRODUCT=DOLLARS")):
        monkeypatch.setattr("sys.argv", ["alvh", *given, *options])
        with pytest.raises(SystemExit) as ended:
            main()
        assert ended.value.code != 0
        assert words in " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize(
    ("legs", "words"),
    [
        ([leg(quantity=3_050.0)], r"quantity 3050: not whole lots .* one of which is \+100"),
        ([leg(sold=50.0)], "sold = 50: whole lots of 100 shares"),
        ([leg(expiration=DAYS[-1])], "none: shares have no expiry"),
        ([leg(strike=40.0)], "strike = 40.0: none, of a share"),
        ([leg(right="C")], "right = 'C': none, of a share"),
        ([leg(product="VX")], "expiration missing: a date"),
        ([leg(quantity=-3_000.0)], "fits no layer"),
    ],
)
def test_legs_that_make_no_sense(legs: list[dict[str, Any]], words: str) -> None:
    with pytest.raises(av.AlvhError, match=words):
        av.advise(book(*legs), record(20), arm())


def test_prices_that_make_no_sense() -> None:
    for prices, words in (
        ({"VXX": 1.0}, "prices: VXX: Known: 'VXX shares'"),
        ({"VXX shares": 0.0}, "dollars a share, above 0"),
        ([1.0], "prices is a list"),
    ):
        with pytest.raises(av.AlvhError, match=words):
            book(prices=prices)
    for layer in ({}, CALLS):
        with pytest.raises(av.AlvhError, match=r"their price today is not known\. Mend: give prices"):
            av.advise(book(prices={}), record(20), arm(**layer))
    with pytest.raises(av.AlvhError, match="prices: VXX"):
        advice.decision_log(arm(), record(), prices={"VXX": 2.0})


def test_a_state_without_futures_is_refused_with_the_mend() -> None:
    today = {"date": DAYS[0], "spx": 4800.0, "vix": 15.0, "rate": 0.05, "dividend_yield": 0.014}
    with pytest.raises(av.AlvhError, match=r"no VIX futures\. Mend: give it recorded settlements"):
        av.advise(book(), today, arm())


@pytest.mark.parametrize("source", ["--history", "--state"])
def test_the_command_says_what_brings_the_futures(
    source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """CSV has closes alone, and a state is one day: the mend names the file that has more."""
    record(20).data.frame.select("date", "spx", "vix").write_csv(tmp_path / "closes.csv")
    files = {
        "arm.toml": arm(**CALLS).to_toml(),
        "book.csv": f"product,quantity,price,opened\nVXX shares,3000,40,{DAYS[2]}\n",
        "state.toml": f"date = {DAYS[20]}\nspx = 4800.0\nvix = 15.0\nrate = 0.05\ndividend_yield = 0.014\n",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    given = ["advise", str(tmp_path / "arm.toml"), "--book", str(tmp_path / "book.csv"), "--cash", "800000"]
    if source == "--history":
        given += ["--history", str(tmp_path / "closes.csv"), "--rate", "0.05", "--dividend-yield", "0.014"]
    else:
        given += ["--state", str(tmp_path / "state.toml")]
    monkeypatch.setattr("sys.argv", ["alvh", *given, "--sleeve", "80000", "--price", f"VXX shares={PRICE}"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code != 0
    told = " ".join(capsys.readouterr().err.split())
    assert "VXX shares: shares of funds of VIX futures: this history has no VIX futures" in told
    assert "to a command the TOML file of such a replay" in told


def test_cheap_shares_are_ordered_as_they_are() -> None:
    """A share of $5 may be put together some day; the order of tomorrow is in shares of today."""
    cheap = av.advise(book(prices={"VXX shares": 5.0}), record(20), arm(enter=None))
    dear = av.advise(book(prices={"VXX shares": 50.0}), record(20), arm(enter=None))
    prices = [told.orders["price"][0] for told in (cheap, dear)]
    assert prices[1] == pytest.approx(10 * prices[0], rel=1e-12)
    assert prices[0] < 6
