"""Results as Markdown: the page of results, and the part of it that the README shows."""

import math
from collections.abc import Iterable, Sequence

from benches.pricing.entrants import AVX2, BASELINE, FORMS, MEMORY, PEERS, SUBJECT, TWO_THREADS, Entrant
from benches.pricing.results import VARIANTS, Results
from benches.pricing.targets import BOTH, Target, targets

BEGIN, END = "<!-- bench: pricing -->", "<!-- end of bench: pricing -->"
NONE = "–"
NAMES = {"avx512": "AVX-512", "avx2": "AVX2", "baseline": "baseline"}

LEGEND = """\
Nanoseconds per option, one core: median (minimum) · times as long as alvh. Rows "forward given" start from
the same columns as alvh, the others as their users do, most from spot, rate and dividend. *Error of price*:
largest relative error above 0.01 / on the hard set; *of greeks*: of the largest value of each of the five.
*Vols unsolved*: share wrong or NaN of those that a price determines, realistic / hard set; *vol error*:
largest error of the others, in units of what one rounding of the price moves. *Impossible answered*: share of
prices outside the no-arbitrage bounds that got a number."""

TITLE = """\
# Pricing beside other libraries

Written by `make bench`; how it is measured: `docs/benchmarks.md`.
"""
FORMS_TITLE = "## Forms of alvh\n\nNanoseconds per option: median (minimum).\n\n"
SMALL_TITLE = "## Small calls\n\nMicroseconds per call: median (minimum).\n\n"
SLICES_TITLE = "## Slices\n\n4,096 rows in cache (criterion), nanoseconds per row: median (minimum).\n\n"

FORM_ROWS = {
    "price, market": "price",
    "price_float_signs, market": "price, rights as floats",
    "price_flags, market": 'price, rights as "C" and "P" in NumPy',
    "price_polars_flags, market": 'price, rights as "C" and "P" in Polars, lowered first',
    "price_expr, market": "price, `alvh.expr`",
    "price_flags_expr, market": 'price, `alvh.expr`, rights as "C" and "P"',
    "delta_vega, market": "delta and vega",
    "delta_vega_out, market": "delta and vega, `out=`",
    "greeks5, market": "five greeks",
    "greeks14, market": "price and 13 greeks",
    "greeks14_out, market": "price and 13 greeks, `out=`",
    "implied_vol, otm": "implied vol, realistic",
    "implied_vol, hard many": "implied vol, hard set",
    "implied_vol_expr, otm": "implied vol, `alvh.expr`",
}
SMALL_COLUMNS = {
    "price, small": "price, 200 options",
    "implied_vol, small": "implied vol, 200 options",
    "scalar_price, small": "price, one option",
    "scalar_implied_vol, small": "implied vol, one option",
}


def page(results: Results) -> str:
    """Return everything that is told of a run."""
    parts = (
        TITLE,
        shown(results),
        FORMS_TITLE + _forms(results),
        SMALL_TITLE + _small(results),
        SLICES_TITLE + _slices(results),
    )
    return "\n".join(parts)


def shown(results: Results) -> str:
    """Return the part that the README shows: the machine, the libraries and the targets."""
    return (
        f"{BEGIN}\n\n{_machine(results)}\n\n{LEGEND}\n\n{_libraries(results)}\n{_versions(results)}\n\n{_failed(results)}"
        f"{_targets(targets(results))}\n{END}\n"
    )


def placed(text: str, part: str) -> str:
    """Return a page with what stands between the markers replaced."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(f"{END}\n")
    if not (begin and end):
        raise ValueError(f"the page has no {BEGIN} … {END}; put the two lines where the tables belong")
    return before + part + after


def _machine(results: Results) -> str:
    m = results.raw["machine"]
    return (
        f"{m['processor']}, {NAMES[m['simd']]}, one of {m['cores']} cores, {m['system']}, "
        f"Python {m['python']}, NumPy {m['numpy']}, alvh {m['alvh']}, {m['date']}; "
        f"{m['rows']:,} options, {m['rounds']} round{'s' * (m['rounds'] > 1)}."
    )


def _libraries(results: Results) -> str:
    header = (
        *("library", "price", "five greeks", "implied vol", "error of price", "of greeks"),
        *("vols unsolved", "vol error", "impossible answered"),
    )
    asked = (each for each in (SUBJECT, *PEERS) if each.name in results.raw["entrants"])
    return _table(header, (_library(results, each) for each in asked))


def _library(results: Results, entrant: Entrant) -> list[str]:
    found = results.raw["entrants"][entrant.name]
    if not found["times"]:
        problem = found["problem"]
        kind = "not installed" if problem.startswith("ModuleNotFoundError") else "does not run here"
        return [entrant.name, f"{kind}: {problem}", *[NONE] * 7]

    def timed(job: str) -> str:
        cell = _cell(results.ns(entrant, job, which) for which in BOTH)
        ratio = results.ratio(entrant, job)
        return cell if ratio is None or entrant is SUBJECT else f"{cell} · {_figure(ratio)}×"

    def checked(task: str, key: str, *inputs: str) -> str:
        each = [_checked(results, entrant, f"{task}, {name}", key) for name in inputs]
        return NONE if set(each) == {NONE} else " / ".join(each)

    return [
        entrant.name,
        *(timed(job) for job in ("price, market", "greeks5, market", "implied_vol, otm")),
        checked("price", "worst", "market checked", "hard"),
        checked("greeks5", "worst", "market checked"),
        checked("implied_vol", "unsolved", "otm checked", "hard"),
        checked("implied_vol", "units", "otm checked", "hard"),
        checked("implied_vol", "answered", "impossible"),
    ]


def _checked(results: Results, entrant: Entrant, check: str, key: str) -> str:
    value = results.error(entrant, check, key)
    if value is None or (key == "units" and not math.isfinite(value)):
        return NONE
    if not math.isfinite(value):
        missing = results.error(entrant, check, "missing")
        return f"{missing:,} NaN" if missing and missing != value else "refused"
    return _share(value) if key in {"unsolved", "answered"} else _figure(value)


def _versions(results: Results) -> str:
    found = results.raw["entrants"].values()
    versions = sorted({item for each in found for item in each["versions"].items()})
    return "Versions: " + ", ".join(f"{name} {number}" for name, number in versions) + "."


def _failed(results: Results) -> str:
    """Name what a library that otherwise runs did not do."""
    found = results.raw["entrants"].items()
    lines = [
        f"- {name} failed once: {each['problem']}"
        for name, each in found
        if each["times"] and each["problem"]
    ]
    return "\n".join([*lines, "\n"]) if lines else ""


def _forms(results: Results) -> str:
    one = f"alvh, {NAMES[results.raw['machine']['simd']]}"
    header = ("task", one, AVX2.name, BASELINE.name, TWO_THREADS.name, MEMORY.name)
    rows = (
        [name, *(_cell(results.ns(each, job, which) for which in BOTH) for each in FORMS)]
        for job, name in FORM_ROWS.items()
    )
    return _table(header, (row for row in rows if set(row[1:]) != {NONE}))


def _small(results: Results) -> str:
    rows = (
        [
            each.name,
            *(
                _cell(None if (s := results.seconds(each, job, which)) is None else 1e6 * s for which in BOTH)
                for job in SMALL_COLUMNS
            ),
        ]
        for each in (SUBJECT, AVX2, BASELINE, *PEERS)
    )
    return _table(("library", *SMALL_COLUMNS.values()), (row for row in rows if set(row[1:]) != {NONE}))


def _slices(results: Results) -> str:
    variants = [variant for variant in VARIANTS if variant in results.raw["slices"]]
    if not variants:
        return "Not measured: `cargo bench -p alvh-core --bench pricing` did not run before.\n"
    names = dict.fromkeys(name for variant in variants for name in results.raw["slices"][variant])
    rows = (
        [name, *(_cell(results.slice_ns(each, name, which) for which in BOTH) for each in variants)]
        for name in names
    )
    return _table(("slice", *(NAMES[each] for each in variants)), rows)


def _targets(each: Sequence[Target]) -> str:
    rows = (
        [
            target.what,
            f"{'≥' if target.least else '≤'} {target.bound:g}{_unit(target.unit)}",
            NONE if target.measured is None else f"{_figure(target.measured)}{_unit(target.unit)}",
            NONE if target.best is None else f"{_figure(target.best)}{_unit(target.unit)}",
            target.verdict,
        ]
        for target in each
    )
    return _table(("target", "bound", "measured", "best", "verdict"), rows)


def _unit(unit: str) -> str:
    return unit if unit == "×" else f" {unit}".rstrip()


def _cell(median_and_least: Iterable[float | None]) -> str:
    median, least = median_and_least
    return NONE if median is None or least is None else f"{_figure(median)} ({_figure(least)})"


def _share(value: float) -> str:
    return f"{100 * value:.3g}%"


def _figure(value: float) -> str:
    """Three digits of ordinary figures, two of very small and very large ones."""
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    if not 1e-3 <= value < 1e5:
        return f"{value:.1e}"
    return f"{value:,.{max(0, 2 - math.floor(math.log10(value)))}f}"


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(row)} |" for row in (header, ["---"] * len(header), *rows)]
    return "\n".join(lines) + "\n"
