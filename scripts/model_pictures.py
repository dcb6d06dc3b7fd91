"""Draw the pictures of the model pages: `python scripts/model_pictures.py [FOLDER]`; `make docs` does.

Nothing recorded is drawn by date: paths are simulated, and of history there are only pooled figures, those of
`alvh/data/facts.toml`. Every picture is a function of the package's defaults and a seed.
"""

import sys
from pathlib import Path
from typing import Any, Final

import altair as alt
import numpy as np
import polars as pl
import vl_convert

from alvh import market, pricing
from alvh.market.models import Simulated
from alvh.validation.panel import Panel
from alvh.validation.targets import targets
from alvh.validation.validation import facts_of

FOLDER: Final = Path(__file__).parents[1] / "docs" / "models" / "pictures"
SEED: Final = 7
PATHS, YEARS = 24, 33  # of the figures
SHOWN, SESSIONS = 3, 504  # of the paths that are drawn
QUANTILES: Final = {
    1: "vix_q01",
    5: "vix_q05",
    25: "vix_q25",
    50: "vix_median",
    75: "vix_q75",
    95: "vix_q95",
    99: "vix_q99",
}
LAGS: Final = {1: "absolute_return_acf_1", 20: "absolute_return_acf_20", 60: "absolute_return_acf_60"}
MODEL, HISTORY = "#1f6f8b", "#c8553d"
WIDTH, HEIGHT = 260, 170
YEARS_OF_FACTS: Final = "1990–2023"
BELOW: Final = alt.Legend(orient="bottom")

Chart = Any  # altair's types of charts have no common name


def panel(rows: pl.DataFrame, title: str) -> Chart:
    """Return a chart of rows with its title, its size fixed."""
    data = alt.Data(values=rows.to_dicts())
    return alt.Chart(data, title=title).properties(width=WIDTH, height=HEIGHT)


def paths_of(model: Simulated, what: str) -> Chart:
    """Return a few paths of SPX or VIX over two years."""
    found = model.simulate(SHOWN, SESSIONS, seed=SEED)[what]
    years = np.arange(SESSIONS + 1) / 252
    rows = pl.concat(
        pl.DataFrame({"years": years, "value": path, "path": [str(i)] * len(path)})
        for i, path in enumerate(found)
    )
    names = {"vix": "VIX, three paths", "spot": "SPX, three paths"}
    colours = alt.Scale(range=[MODEL, HISTORY, "#8a8a8a"])
    return (
        panel(rows, names[what])
        .mark_line(strokeWidth=1)
        .encode(
            x=alt.X("years:Q", title="years"),
            y=alt.Y("value:Q", title=None, scale=alt.Scale(zero=False)),
            color=alt.Color("path:N", legend=None, scale=colours),
        )
    )


def beside_history(
    found: dict[str, float], names: dict[int, str], title: str, axis: str, of: str = "model"
) -> Chart:
    """Return figures of a model and those of 1990 to 2023."""
    known = targets()
    rows = pl.DataFrame(
        [
            {"at": str(at), "value": value, "of": source}
            for at, name in names.items()
            for source, value in ((of, found[name]), (YEARS_OF_FACTS, known[name].history))
        ]
    )
    order = [str(at) for at in names]
    scale = alt.Scale(domain=[of, YEARS_OF_FACTS], range=[MODEL, HISTORY])
    shape = alt.Scale(domain=[of, YEARS_OF_FACTS], range=["circle", "diamond"])
    return (
        panel(rows, title)
        .mark_point(filled=True, size=70)
        .encode(
            x=alt.X("at:O", title=axis, sort=order, axis=alt.Axis(labelAngle=0)),
            y=alt.Y("value:Q", title=None),
            color=alt.Color("of:N", title=None, scale=scale, legend=BELOW),
            shape=alt.Shape("of:N", title=None, scale=shape, legend=BELOW),
        )
    )


def of_paths(model: Simulated) -> list[Chart]:
    """Return what every model with a VIX of its own shows: paths, the law of VIX, clustering."""
    drawn = model.simulate(PATHS, (YEARS + 1) * 252, seed=SEED)
    spot, vix = (drawn[name][:, 253:] for name in ("spot", "vix"))  # without the first year
    each = [facts_of(Panel(*path)) for path in zip(spot[:, None], vix[:, None], strict=True)]
    pooled = {name: float(np.quantile(vix, at / 100)) for at, name in QUANTILES.items()}
    typical = {name: float(np.median([facts[name] for facts in each])) for name in LAGS.values()}
    return [
        paths_of(model, "vix"),
        beside_history(pooled, QUANTILES, "VIX by quantile", "% of days"),
        beside_history(typical, LAGS, "Autocorrelation of |return|", "sessions before"),
    ]


def smiles() -> Chart:
    """Return the SPX smile of 21 sessions on a calm, a usual and a wild day."""
    parts = []
    for vix in (12.0, 18.0, 40.0):
        width = vix / 100 * np.sqrt(21 / 252)
        moneyness = np.exp(np.linspace(-3, 2, 41) * width)
        model = market.L3F(vix=vix)
        forward = float(model.quotes(5000, 21).forward)
        quotes = model.quotes(forward * moneyness, 21)
        rows = {"k": 100 * moneyness, "vol": 100 * quotes.implied_vol, "vix": [f"VIX {vix:.0f}"] * 41}
        parts.append(pl.DataFrame(rows))
    colours = alt.Scale(range=[MODEL, "#8a8a8a", HISTORY])
    return (
        panel(pl.concat(parts), "SPX smile of 21 sessions")
        .mark_line()
        .encode(
            x=alt.X("k:Q", title="strike, % of the forward", scale=alt.Scale(zero=False)),
            y=alt.Y("vol:Q", title="implied volatility, %", scale=alt.Scale(zero=False)),
            color=alt.Color("vix:N", title=None, scale=colours, legend=BELOW),
        )
    )


def oracle() -> Chart:
    """Return by how many standard errors simulated calls miss Black's formula."""
    model = market.GBM(erp=0.0)  # SPX then grows at r − q, as under the pricing measure
    spot = model.simulate(100_000, 63, seed=SEED)["spot"][:, -1]
    rows = []
    for moneyness in np.linspace(0.85, 1.15, 13):
        forward = model.spot * np.exp((model.rate - model.dividend_yield) * 63 / 252)
        exact = pricing.price(forward, model.spot * moneyness, 63 / 252, model.vol, "C", discount=1.0)
        payoff = np.maximum(spot - model.spot * moneyness, 0.0)
        error = payoff.std() / np.sqrt(len(payoff))
        rows.append({"k": 100 * moneyness, "z": float((payoff.mean() - exact) / error)})
    return (
        panel(pl.DataFrame(rows), "Simulated calls against Black's formula")
        .mark_bar(color=MODEL, width=8)
        .encode(
            x=alt.X("k:Q", title="strike, % of SPX", scale=alt.Scale(zero=False)),
            y=alt.Y("z:Q", title="standard errors", scale=alt.Scale(domain=[-3, 3])),
        )
    )


def inside_a_day() -> Chart:
    """Return ways in which a made-up day may have gone from its opening to its close within its range."""
    closes = {"date": ["2024-01-02", "2024-01-03"], "spx": [5000.0, 4950.0], "vix": [14.0, 16.0]}
    range_ = {"open": [None, 5010.0], "high": [None, 5030.0], "low": [None, 4920.0]}
    day = market.History(pl.DataFrame(closes | range_), rate=0.04, dividend_yield=0.013)
    found = day.bars(8, 1, bars=78, seed=SEED)
    rows = pl.concat(
        pl.DataFrame({"minute": found.minutes, "spx": path[0], "path": [str(i)] * len(found.minutes)})
        for i, path in enumerate(found.spot)
    )
    return (
        panel(rows, "A made-up day, eight times")
        .mark_line(strokeWidth=1, color=MODEL, opacity=0.6)
        .encode(
            x=alt.X("minute:Q", title="minutes after the opening"),
            y=alt.Y("spx:Q", title=None, scale=alt.Scale(zero=False)),
            detail="path:N",
        )
    )


def replayed() -> Chart:
    """Return the law of VIX in the bundled history, beside that of all years."""
    vix = market.History.bundled().data.frame["vix"].to_numpy()
    found = {name: float(np.quantile(vix, at / 100)) for at, name in QUANTILES.items()}
    return beside_history(found, QUANTILES, "VIX by quantile", "% of days", of="2014–2018")


def pictures() -> dict[str, Chart]:
    """Return the picture of every page."""
    bootstrap = market.FHS.of(market.History.bundled(), vix=16)
    rows = {
        "l3f": [*of_paths(market.L3F()), smiles()],
        "pdv4": of_paths(market.PDV4()),
        "fhs": of_paths(bootstrap),
        "bates": of_paths(market.Bates()),
        "gbm": [paths_of(market.GBM(), "spot"), oracle()],
        "history": [inside_a_day(), replayed()],
    }
    return {
        name: alt.concat(*row, columns=2).resolve_scale(color="independent", shape="independent")
        for name, row in rows.items()
    }


def draw(folder: Path = FOLDER) -> list[Path]:
    """Write the pictures as SVG and return their files."""
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for name, chart in pictures().items():
        styled = chart.configure_view(stroke=None).configure(background="white", font="sans-serif")
        file = folder / f"{name}.svg"
        file.write_text(vl_convert.vegalite_to_svg(styled.to_dict()), encoding="utf-8")
        files.append(file)
    return files


if __name__ == "__main__":
    for drawn in draw(*map(Path, sys.argv[1:2])):
        print(drawn)
