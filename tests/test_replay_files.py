"""Replays as TOML: files by path and hash of their content, and how they are read."""

import json
from datetime import date

import numpy as np
import polars as pl
import pytest

from alvh import chain, cli, market
from alvh.errors import SpecError
from alvh.schedule import sessions

DATES = sessions(date(2023, 1, 3), date(2023, 6, 30))
RATES = {"rate": 0.03, "dividend_yield": 0.015}


@pytest.fixture
def closes(tmp_path):
    rng = np.random.default_rng(3)
    frame = pl.DataFrame({"day": DATES}).with_columns(
        spx=pl.Series(4000 * np.exp(np.cumsum(0.01 * rng.standard_normal(len(DATES))))),
        vix=pl.Series(18 + 3 * rng.random(len(DATES))),
    )
    frame.write_csv(tmp_path / "closes.csv")
    return tmp_path / "closes.csv"


def futures(folder):
    rows = {
        "on": DATES[:20],
        "expiry": [date(2023, 3, 22)] * 20,
        "settle": [20.0 + 0.1 * i for i in range(20)],
    }
    pl.DataFrame(rows).write_parquet(folder / "vx.parquet")
    return folder / "vx.parquet"


def options(closes):
    return {
        **RATES,
        "columns": {"date": "day"},
        "vx": futures(closes.parent),
        "vx_columns": {"date": "on"},
        "vx_in_state": True,
        "listings": {"SPXW": "daily"},
        "events": {"fomc": iter([date(2023, 3, 22)])},
        "tail_sessions": 100,
    }


def test_a_history_is_written_with_all_that_it_was_read_with(closes):
    model = market.History(closes, **options(closes))
    again = market.from_toml(model.to_toml())
    assert type(again) is market.History
    assert (again.spec(), again.limits, again.to_toml()) == (model.spec(), model.limits, model.to_toml())
    assert (again.schedule.dates, again.schedule.events) == (model.schedule.dates, model.schedule.events)
    assert again.schedule.events["fomc"]
    assert again.schedule.expiries == model.schedule.expiries


def test_a_file_that_has_changed_is_refused(closes):
    text = market.History(closes, **options(closes)).to_toml()
    frame = pl.read_parquet(closes.parent / "vx.parquet")
    frame.with_columns(pl.col("settle") + 1).write_parquet(closes.parent / "vx.parquet")
    with pytest.raises(SpecError, match=r"vx: '.*vx.parquet': its content has changed .* vx\.sha256 out"):
        market.from_toml(text)
    closes.write_text(closes.read_text().replace("2023-01-03,4", "2023-01-03,3"))
    with pytest.raises(SpecError, match=r"history: '.*closes.csv': its content has changed"):
        market.from_toml(text)


def test_recorded_quotes_are_written_too(tmp_path):
    days = [chain.synthetic(date(2024, 3, day), longest=45) for day in (4, 5, 6)]
    for day, quotes in enumerate(days):
        quotes.drop("status", "problem", "line").write_parquet(tmp_path / f"{day}.parquet")
    model = market.ChainHistory(tmp_path, rate=0.04, dividend_yield=0.013)
    again = market.from_toml(model.to_toml())
    assert type(again) is market.ChainHistory
    assert (again.spec(), again.data_hash, again.limits) == (model.spec(), model.data_hash, model.limits)
    listed = market.ChainHistory(sorted(tmp_path.iterdir()), rate=0.04, dividend_yield=0.013)
    assert market.from_toml(listed.to_toml()).spec() == model.spec()
    text = model.to_toml()
    (tmp_path / "2.parquet").unlink()
    with pytest.raises(SpecError, match=r"chains: .*its content has changed"):
        market.from_toml(
            text.replace(model.data.data_hash, market.ChainHistory(tmp_path, **CARRY).data.data_hash)
        )
    for day, quotes in enumerate(days):
        early = quotes.with_columns(quote_time=pl.lit("15:45"))
        both = pl.concat([quotes, early]).drop("status", "problem", "line")
        both.write_parquet(tmp_path / f"{day}.parquet")
    timed = market.ChainHistory(tmp_path, times=["15:45"], **CARRY)
    again = market.from_toml(timed.to_toml())
    assert (again.spec(), again.data_hash, again.limits) == (timed.spec(), timed.data_hash, timed.limits)
    assert timed.data_hash != model.data_hash
    frames = market.ChainHistory(days, rate=0.04, dividend_yield=0.013)
    with pytest.raises(SpecError, match="TOML names the files of a replay, and these are frames"):
        frames.to_toml()


CARRY = {"rate": 0.04, "dividend_yield": 0.013}


def test_frames_have_no_path(closes):
    with pytest.raises(SpecError, match=r"and these are frames\. Mend: give their paths"):
        market.History(pl.read_csv(closes, try_parse_dates=True), **RATES, columns={"date": "day"}).to_toml()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('model = "history"', "Replay: history: missing"),
        ('model = "history"\n[history]\npaht = "x"', "paht: unknown key: did you mean 'path'?"),
        (
            'model = "history"\n[history]\npath = "bundled"\n[vx]\npath = "x"',
            "vx: the bundled history has none",
        ),
        (
            'model = "chain_history"\n[history]\npath = "bundled"\n[chains]\npaths = ["x"]',
            "quotes need closes",
        ),
        ('model = "histroy"', "model = 'histroy': did you mean 'history'?"),
    ],
)
def test_mistakes_are_named(text, words):
    with pytest.raises(SpecError) as caught:
        market.from_toml("schema = 1\n" + text)
    assert words in str(caught.value)


def test_where_paths_are_drawn_a_replay_is_refused():
    text = market.History.bundled().to_toml()
    with pytest.raises(SpecError, match=r"mine, line 2: model = 'history' is a replay\. Allowed here: l3f"):
        market.models.simulated_from_toml(text, "mine")


def test_the_command_replays_what_a_file_describes(tmp_path, capsys):
    file = tmp_path / "bundled.toml"
    file.write_text(market.History.bundled().to_toml(), encoding="utf-8")
    quick = ("compare", "--arm=plain", "--sessions=252", "--every=200", "--shares=0.1", "--json")

    def compare(*given):
        cli.app([*quick, *given], prog_name="alvh", standalone_mode=False)
        told = json.loads(capsys.readouterr().out)
        return told["headline"], told["ladder"], told["limits"]

    assert compare(f"--model={file}") == compare("--bundled")
    with pytest.raises(SpecError, match="--vix changes nothing here: the file of --model says it"):
        compare(f"--model={file}", "--vix=20")
    with pytest.raises(SpecError, match="--seed changes nothing here: a history is replayed"):
        compare(f"--model={file}", "--seed=2")
