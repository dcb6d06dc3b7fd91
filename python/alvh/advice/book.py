"""A book as its owner writes it down: cash and positions, leg by leg, put in the layers of a playbook."""

from __future__ import annotations

import csv
import io
import math
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

import polars as pl
from polars.exceptions import PolarsError

from alvh.contracts import contract, products
from alvh.errors import LONGEST_VALUE, BookError, SpecError, nearest_names
from alvh.playbook import Arm, Layer
from alvh.playbook.monetise import ROUNDING
from alvh.schedule import Schedule, exchange

__all__ = ["COLUMNS", "Book", "checked_prices", "per_lot"]

SCHEMA: Final = 1
"""Version of the TOML format."""

COLUMNS: Final = pl.Schema(
    {
        "position": pl.String(),
        "layer": pl.String(),
        "product": pl.String(),
        "right": pl.String(),
        "strike": pl.Float64(),
        "expiration": pl.Date(),
        "quantity": pl.Float64(),
        "price": pl.Float64(),
        "opened": pl.Date(),
        "sold": pl.Float64(),
        "spot": pl.Float64(),
        "parts": pl.String(),
    }
)
"""Columns of the legs of a book."""

REQUIRED: Final = ("product", "expiration", "quantity", "price", "opened")
RIGHTS: Final = {"CALL": "C", "PUT": "P", "C": "C", "P": "P"}
OF_THE_OPENING: Final = ("sd_move", "gamma_percentile", "theta_acceleration")
"""What rests on the market of the opening, and no price makes up for."""
PARTS: Final = re.compile(r"[0-9]{1,2}(\+[0-9]{1,2})*")
BLANK_LINES: Final = re.compile(r"\A\s*[\r\n]")
"""What may stand before the header of CSV."""
MONEY: Final = ("cash", "sleeve", "committed", "capital")
PRICES: Final = "prices"
"""Table of a book in TOML: what shares of funds are worth."""


@dataclass(frozen=True, kw_only=True)
class Book:
    """Cash and positions of one book.

    Parameters
    ----------
    cash : float
        Of the core ledger, dollars, what was received for open positions included; all of it where the arm
        has one ledger.
    sleeve : float
        Of the hedge sleeve, dollars (R60).
    committed : float
        Expected cost that hedge purchases of the last 365 days have committed, dollars (R61).
    capital : float, optional
        What ruin, `nav_share` and cash from outside are measured by, dollars, and where drawdown begins
        if the book is worth less; what the book is worth today unless given.
    legs : polars.DataFrame
        A row per leg: `product`, `right` ("C", "P"; null for a future), `strike` and `price` (product points,
        the price at the opening), `expiration`, `quantity` (contracts, below 0 sold), `opened`; of shares
        of a fund neither `right`, `strike` nor `expiration`, and `quantity` and `sold` in shares; optionally
        `layer` (its name, where several would fit), `position` (legs with equal words are one position;
        unless given, those of equal layer, product, expiration and opening), `sold` (lots of the position
        sold since), `spot` (SPX at the opening, where the history does not reach back so far), `parts` (which
        of the layer's `tranches` it is, counted from 1, "1+2" where two were rolled into one; unless given,
        the first that no other position is).
    prices : mapping of str to float
        What a share of a fund of VIX futures is worth today, dollars, by product (``"VXX shares"``): of each
        that the arm trades, or trades options on.

    Raises
    ------
    BookError
        A column is missing or unknown, a cell is of the wrong kind, an amount is not finite.

    Examples
    --------
    >>> Book(cash=1_000_000).legs.height
    0
    """

    cash: float
    sleeve: float = 0.0
    committed: float = 0.0
    capital: float | None = None
    legs: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=COLUMNS))
    prices: Mapping[str, float] = field(default_factory=dict)
    source: str = "book"

    def __post_init__(self) -> None:
        for name in MONEY:
            amount = getattr(self, name)
            if name == "capital" and amount is None:
                continue
            if not is_finite(amount):
                raise self._error(f"{name} = {shown(amount)}: dollars, a finite number", name, amount)
        if self.committed < 0 or (self.capital is not None and self.capital <= 0):
            name = "committed" if self.committed < 0 else "capital"
            allowed = "0 or more" if name == "committed" else "above 0"
            raise self._error(
                f"{name} = {getattr(self, name)}: dollars, {allowed}", name, getattr(self, name)
            )
        if not isinstance(self.legs, pl.DataFrame):
            raise self._error(
                f"legs is a {type(self.legs).__name__}: a polars.DataFrame, a row per leg", "legs", self.legs
            )
        object.__setattr__(self, "legs", self._typed(self.legs))
        try:
            checked_prices(self.prices)
        except SpecError as error:
            raise self._error(str(error), PRICES, self.prices) from None

    @classmethod
    def read(
        cls,
        path: str | Path,
        *,
        cash: float | None = None,
        sleeve: float | None = None,
        prices: Mapping[str, float] | None = None,
    ) -> Book:
        """Read a book from a file.

        Parameters
        ----------
        path : path
            TOML with ``schema = 1``, ``cash`` and ``[[leg]]`` tables, or CSV with a header and a row per leg.
        cash, sleeve : float, optional
            Dollars; CSV has no place for them, and needs `cash`. They stand in for those of TOML.
        prices : mapping of str to float, optional
            What shares of funds are worth today; likewise.

        Raises
        ------
        BookError
            Not such a file, an unknown key or column, or a cell that cannot be read.
        """
        if not isinstance(path, str | Path):
            raise BookError(
                f"book is a {type(path).__name__}: a Book, or the path of TOML or CSV", source="book"
            )
        path = Path(path)
        told = (("cash", cash), ("sleeve", sleeve), (PRICES, prices))
        given: dict[str, Any] = {name: value for name, value in told if value is not None}
        try:
            text = path.read_text(encoding="utf-8-sig")
        except UnicodeDecodeError:
            raise BookError(f"{path}: not text in UTF-8. Mend: give TOML or CSV", source=str(path)) from None
        except OSError as error:
            raise BookError(
                f"{path}: cannot be read: {error.strerror}. Mend: give TOML or CSV", source=str(path)
            ) from None
        if path.suffix.casefold() == ".toml":
            return cls.from_toml(text, source=str(path), **given)
        if cash is None:
            raise BookError(
                f"{path}: CSV says nothing of cash. Mend: give cash (and sleeve), or a book in TOML",
                source=str(path),
                column="cash",
            )
        text = BLANK_LINES.sub("", text)
        try:
            cls._require_commas(text, path)
            legs = pl.read_csv(text.encode(), infer_schema=False)
        except (csv.Error, PolarsError) as error:
            reason = " ".join(str(error).split())
            raise BookError(f"{path}: cannot be read as CSV: {reason}", source=str(path)) from None
        legs = legs.select(pl.all().str.strip_chars().replace("", None))
        return cls(**given, legs=legs, source=str(path))

    @staticmethod
    def _require_commas(text: str, path: Path) -> None:
        """Refuse other separators, and rows that are longer than the header."""
        rows = csv.reader(io.StringIO(text, newline=""))
        header = next(rows, [])
        commas = len(header) - 1
        other = next((mark for mark in ";\t" if sum(cell.count(mark) for cell in header) > commas), None)
        if other is not None:
            raise BookError(
                f"{path}: its header is separated by {other!r}. Mend: commas between the columns, points in "
                "the decimals",
                source=str(path),
            )
        for number, row in enumerate(rows, start=1):
            surplus = row[len(header) :]
            if surplus:
                empty = ", the last one empty" if not surplus[-1].strip() else ""
                end = ", and no comma at its end" if empty else ""
                raise BookError(
                    f"{path}: row {number} has {len(row)} cells{empty}, the header {len(header)}. Mend: no "
                    f"separators of thousands and no decimal commas, or the cell in quotation marks{end}",
                    source=str(path),
                    row=number,
                )

    @classmethod
    def from_toml(cls, text: str, *, source: str = "book", **given: Any) -> Book:
        """Read a book from TOML text.

        Examples
        --------
        >>> text = '''
        ... schema = 1
        ... cash = 1_000_000
        ... [[leg]]
        ... product = "VIX"
        ... right = "C"
        ... strike = 22
        ... expiration = 2024-03-20
        ... quantity = 40
        ... price = 1.05
        ... opened = 2024-01-31
        ... '''
        >>> Book.from_toml(text).legs.select("product", "quantity", "expiration").row(0)
        ('VIX', 40.0, datetime.date(2024, 3, 20))
        """
        try:
            found = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise BookError(f"{source}: not TOML: {error}", source=source) from None
        if (schema := found.pop("schema", None)) != SCHEMA:
            raise BookError(
                f"{source}: schema = {schema!r}: this version reads schema = {SCHEMA}", source=source
            )
        legs = found.pop("leg", [])
        if unknown := next((key for key in found if key not in {*MONEY, PRICES}), None):
            known = nearest_names(unknown, [*MONEY, PRICES, "leg"])
            raise BookError(f"{source}: {unknown}: unknown key: {known}", source=source, column=unknown)
        amounts = found | given
        if "cash" not in amounts:
            raise BookError(
                f"{source}: cash: missing: dollars of the core ledger", source=source, column="cash"
            )
        if not isinstance(legs, list) or not all(isinstance(leg, dict) for leg in legs):
            raise BookError(f"{source}: leg: write [[leg]], a table per leg", source=source, column="leg")
        for row, leg in enumerate(legs, start=1):
            for name, value in leg.items():
                # A column of mixed types would be cast without a word.
                worded = isinstance(value, str | date) and not isinstance(value, datetime)
                if not worded and not is_finite(value):
                    raise BookError(
                        f"{source}: row {row}: {name} = {shown(value)}: {_wanted(name)}",
                        source=source,
                        row=row,
                        column=name,
                        value=value,
                    )
        columns = dict.fromkeys(key for leg in legs for key in leg)
        rows = {name: pl.Series(name, [leg.get(name) for leg in legs], strict=False) for name in columns}
        return cls(
            **amounts, legs=pl.DataFrame(list(rows.values())) if rows else pl.DataFrame(), source=source
        )

    def held(self, arm: Arm, clock: Schedule, start: int) -> tuple[dict[str, Any], tuple[str, ...]]:
        """Return what the engine reads of the book, and what is not known of it, in sentences.

        `start` is the session of `clock` on which the book stands.
        """
        positions, unknown, rows = [], [], []
        for name, legs in self._positions():
            position, told = self._position(name, legs, arm, clock, start)
            positions.append(position)
            rows.append((name, legs[0]["row"]))
            unknown.extend(told)
        self._cover(positions, rows, arm)
        self._tell_parts_apart(positions, rows, arm)
        begins = {"cash": [self.cash, self.sleeve], "committed": self.committed, "positions": positions}
        return begins, tuple(unknown)

    def _positions(self) -> Iterator[tuple[str, list[dict[str, Any]]]]:
        groups: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
        for row, leg in enumerate(self.legs.iter_rows(named=True), start=1):
            apart = [leg[name] for name in ("layer", "product", "expiration", "opened")]
            key = ("named", leg["position"]) if leg["position"] is not None else ("alike", *apart)
            groups.setdefault(key, []).append(leg | {"row": row})
        for key, legs in groups.items():
            first = legs[0]
            ends = "" if first["expiration"] is None else f" of {first['expiration']}"
            name = key[1] if key[0] == "named" else f"{first['product']}{ends}"
            for shared in ("layer", "product", "expiration", "opened", "sold", "spot", "parts"):
                if other := next((leg for leg in legs if leg[shared] != first[shared]), None):
                    raise self._error(
                        f"row {other['row']}: {shared} = {other[shared]}: position {name!r} has "
                        f"{first[shared]} in another leg. Mend: name positions in the column position",
                        shared,
                        other[shared],
                        row=other["row"],
                    )
            yield name, legs

    def _position(
        self, name: str, legs: Sequence[Mapping[str, Any]], arm: Arm, clock: Schedule, start: int
    ) -> tuple[dict[str, Any], list[str]]:
        index, matched = self._layer(name, legs, arm)
        layer, first = arm.layers[index], legs[0]
        row = contract(first["product"])
        # A call that is sold alone is the short leg of a diagonal.
        written = len(matched) == 1 and matched[0]["quantity"] < 0
        package = len(layer.products) - 1 if written else layer.products.index(first["product"])
        ratios = [leg["ratio"] for leg in layer.legs_of(package)] or [1]
        each = per_lot(first["product"])
        lots = abs(matched[0]["quantity"] / ratios[0]) / each
        if lots != int(lots) or any(
            leg["quantity"] != lots * ratio * each for leg, ratio in zip(matched, ratios, strict=True)
        ):
            quantities = ", ".join(f"{leg['quantity']:g}" for leg in matched)
            raise self._error(
                f"position {name!r}: quantity {quantities}: not whole lots of layer {layer.name!r}, "
                f"one of which is {', '.join(f'{ratio * each:+g}' for ratio in ratios)}",
                "quantity",
                first["quantity"],
                row=first["row"],
            )
        self._require_order(name, matched, layer)
        age, unseen = self._age(first, clock, start)
        option = row.kind == "option"
        sold = (first["sold"] or 0.0) / each
        if sold != int(sold):
            raise self._error(
                f"row {first['row']}: sold = {first['sold']:g}: whole lots of {each:g} shares",
                "sold",
                first["sold"],
                row=first["row"],
            )
        price = sum(leg["price"] * ratio for leg, ratio in zip(matched, ratios, strict=True))
        points = price / row.index_fraction
        told = []
        if unseen and layer.role == "core" and option:
            lost = [*(["breakeven_challenge"] if first["spot"] is None else []), *OF_THE_OPENING]
            told.append(
                f"Position {name!r} was opened on {first['opened']}, before the history: its "
                f"{', '.join(lost)} are unknown, to rules as well. Mend: give "
                f"{'spot, or ' if first['spot'] is None else ''}a longer history."
            )
        if not unseen and first["spot"] is not None:
            told.append(
                f"Position {name!r}: spot = {first['spot']:g} is given, and stands in for SPX on "
                f"{first['opened']}, which the history has. Mend: leave spot out."
            )
        return {
            "layer": index,
            "other": package,
            "lots": lots,
            "entry_lots": lots + sold,
            "age": age,
            "entry_spot": first["spot"],
            "expiry": self._expiry(first, clock, start),
            "strikes": [leg["strike"] / row.index_fraction for leg in matched] if option else [],
            "credit": 0.0 if row.kind == "future" else -points,
            "entry_value": points,
            "parts": self._parts(first, layer),
        }, told

    def _require_order(self, name: str, legs: Sequence[Mapping[str, Any]], layer: Layer) -> None:
        """Refuse a spread that lies the other way round: more likely a wrong sign than a position."""
        for right, word in (("P", "put"), ("C", "call")):
            pair = {leg["quantity"] > 0: leg for leg in legs if leg["right"] == right}
            if len(pair) < 2:
                continue
            bought, sold = pair[True]["strike"], pair[False]["strike"]
            brings_in = sold > bought if right == "P" else sold < bought
            if bought == sold or brings_in != (layer.buy is None):
                side = "above" if (right == "P") == (layer.buy is None) else "below"
                raise self._error(
                    f"position {name!r} buys the {word} at {bought:g} and sells the one at {sold:g}: what "
                    f"layer {layer.name!r} sells lies {side} what it buys. Mend: the strikes, or the signs "
                    "of quantity",
                    "strike",
                    sold,
                    row=pair[False]["row"],
                )

    def _parts(self, leg: Mapping[str, Any], layer: Layer) -> list[int]:
        """Return the parts of its layer that a position names; none: the first that is free."""
        if leg["parts"] is None:
            return []
        most, named = len(layer.tranches), [int(part) for part in leg["parts"].split("+")]
        if all(1 <= part <= most for part in named) and len(set(named)) == len(named):
            return named
        allowed = f"parts 1 to {most}, each once" if most else "none: the layer is not bought in tranches"
        raise self._error(
            f"row {leg['row']}: parts = {leg['parts']!r} of layer {layer.name!r}: {allowed}",
            "parts",
            leg["parts"],
            row=leg["row"],
        )

    def _tell_parts_apart(
        self, positions: Sequence[dict[str, Any]], rows: Sequence[tuple[str, int]], arm: Arm
    ) -> None:
        """Refuse parts of which two positions share only some, and of a short leg other than its cover's.

        Positions that name the same parts are these parts together: one purchase that was filled at several
        strikes or days.
        """
        named = [index for index, held in enumerate(positions) if held["parts"]]
        for index in named:
            held, (name, row) = positions[index], rows[index]
            cover = held.get("covered_by")
            others = [cover] if cover is not None else [each for each in named if each < index]
            for other in others:
                theirs = positions[other]
                same = {*held["parts"]} == {*theirs["parts"]}
                apart = cover is None and {*held["parts"]}.isdisjoint(theirs["parts"])
                if same or apart or theirs["layer"] != held["layer"] or "covered_by" in theirs:
                    continue
                ours, of_theirs = ("+".join(map(str, each["parts"])) for each in (held, theirs))
                if cover is None:
                    mend = "give each its own, or both the same where they are one purchase"
                else:
                    mend = "what is sold against a position has its parts, or none"
                raise self._error(
                    f"row {row}: parts = {ours!r} of position {name!r}: position {rows[other][0]!r} (row "
                    f"{rows[other][1]}) of layer {arm.layers[held['layer']].name!r} has "
                    f"{of_theirs or 'none'}. Mend: {mend}",
                    "parts",
                    ours,
                    row=row,
                )

    def _cover(self, positions: Sequence[dict[str, Any]], rows: Sequence[tuple[str, int]], arm: Arm) -> None:
        """Put each short leg of a diagonal on a call that covers it.

        Of each layer first as it would have sold them, at most its share of the lots held; where that does
        not fit all of them, lot for lot.
        """
        for index, layer in enumerate(arm.layers):
            if layer.buy is None or layer.buy.short is None:
                continue
            mine = [each for each, held in enumerate(positions) if held["layer"] == index]
            bought = [each for each in mine if positions[each]["other"] == 0]
            sold = [each for each in mine if positions[each]["other"]]
            pairs, bare = _paired(positions, sold, bought, layer.buy.short.share)
            if bare is not None:
                pairs, bare = _paired(positions, sold, bought, 1.0)
            if bare is not None:
                (name, row), lots = rows[bare], positions[bare]["lots"]
                raise self._error(
                    f"position {name!r} sells {lots:g} calls, and no position of {layer.name!r} that nothing "
                    "else is sold against covers them: as many lots, expiring no earlier (C13). "
                    "Mend: give the calls that it is sold against",
                    "quantity",
                    -lots,
                    row=row,
                )
            for each, cover in pairs.items():
                positions[each]["covered_by"] = cover

    def _layer(
        self, name: str, legs: Sequence[Mapping[str, Any]], arm: Arm
    ) -> tuple[int, list[Mapping[str, Any]]]:
        """Return the layer that a position belongs to, and its legs in the order of the layer's."""
        first = legs[0]
        names = [layer.name for layer in arm.layers]
        if first["layer"] is not None and first["layer"] not in names:
            raise self._error(
                f"row {first['row']}: layer = {first['layer']!r}: {nearest_names(first['layer'], names)}",
                "layer",
                first["layer"],
                row=first["row"],
            )
        fitting = [
            (index, matched)
            for index, layer in enumerate(arm.layers)
            if first["layer"] in {None, layer.name} and (matched := _matched(legs, layer)) is not None
        ]
        if len(fitting) == 1:
            return fitting[0]
        what = ", ".join(
            f"{leg['quantity']:+g} {leg['product']}{'' if leg['right'] is None else ' ' + leg['right']}"
            for leg in legs
        )
        if fitting:
            several = ", ".join(repr(names[index]) for index, _ in fitting)
            problem = f"fits the layers {several} of {arm.name}. Mend: say which in the column layer"
        else:
            wants = "; ".join(f"{layer.name!r}: {_words(layer)}" for layer in arm.layers)
            problem = f"fits no layer of {arm.name}, which has {wants}"
            if first["position"] is None and len(legs) > 1:
                problem += ". Mend: if it is several positions, tell them apart in the column position"
        raise self._error(f"position {name!r} ({what}) {problem}", "layer", first["layer"], row=first["row"])

    def _age(self, leg: Mapping[str, Any], clock: Schedule, start: int) -> tuple[int, bool]:
        """Return the sessions since the opening, and whether it lies before the history."""
        opened, today = leg["opened"], clock.dates[start]
        if opened > today or not exchange.is_session(opened):
            why = f"after {today}, the day of the book" if opened > today else "no session of the exchange"
            raise self._error(f"row {leg['row']}: opened = {opened}: {why}", "opened", opened, row=leg["row"])
        if opened >= clock.dates[0]:
            if opened not in clock.dates:
                raise self._error(
                    f"row {leg['row']}: opened = {opened}: a session that the history lacks",
                    "opened",
                    opened,
                    row=leg["row"],
                )
            return start - clock.dates.index(opened), False
        return start + clock.ordinals[0] - exchange.ordinal(opened), True

    def _expiry(self, leg: Mapping[str, Any], clock: Schedule, start: int) -> int:
        day = leg["expiration"]
        if contract(leg["product"]).kind == "share":
            return len(clock.dates) - 1  # never reached
        if day not in clock.dates or clock.dates.index(day) <= start:
            past = day <= clock.dates[start]
            why = (
                f"after {clock.dates[start]}, the day of the book"
                if past
                else "a session up to " + str(clock.dates[-1])
            )
            raise self._error(
                f"row {leg['row']}: expiration = {day}: {why} is allowed", "expiration", day, row=leg["row"]
            )
        return clock.dates.index(day)

    def _typed(self, legs: pl.DataFrame) -> pl.DataFrame:
        if unknown := next((name for name in legs.columns if name not in COLUMNS), None):
            raise self._error(f"{unknown}: unknown column: {nearest_names(unknown, COLUMNS)}", unknown, None)
        # Nobody writes down when shares expire.
        shares = "product" in legs.columns and all(map(_is_share, legs["product"]))
        required = tuple(name for name in REQUIRED if not (shares and name == "expiration"))
        if legs.height and (lacking := next((name for name in required if name not in legs.columns), None)):
            raise self._error(f"no column {lacking}: {nearest_names(lacking, legs.columns)}", lacking, None)
        typed = pl.DataFrame(
            [
                _cast(legs[name], dtype)
                if name in legs.columns
                else pl.Series(name, [None] * legs.height, dtype)
                for name, dtype in COLUMNS.items()
            ]
        )
        for name in COLUMNS:
            given = (
                legs[name].is_not_null()
                if name in legs.columns
                else pl.Series([False] * legs.height, dtype=pl.Boolean)
            )
            missing = given | (name in REQUIRED)
            if name == "expiration":
                missing = given | ~pl.Series(map(_is_share, typed["product"]), dtype=pl.Boolean)
            bad = (typed[name].is_null() & missing).arg_true()
            if len(bad):
                value = legs[name][bad[0]]
                told = "missing" if value is None else f"= {shown(value)}"
                raise self._error(
                    f"row {bad[0] + 1}: {name} {told}: {_wanted(name)}", name, value, row=bad[0] + 1
                )
        typed = typed.with_columns(pl.col("right").str.to_uppercase().replace(RIGHTS))
        for row, leg in enumerate(typed.iter_rows(named=True), start=1):
            self._check(row, leg)
        return typed

    def _check(self, row: int, leg: Mapping[str, Any]) -> None:
        if leg["product"] not in products():
            known = nearest_names(leg["product"], products())
            raise self._error(
                f"row {row}: product = {leg['product']!r}: {known}", "product", leg["product"], row=row
            )
        kind = contract(leg["product"]).kind
        future = kind != "option"
        if future != (leg["right"] is None) or (
            leg["right"] is not None and leg["right"] not in RIGHTS.values()
        ):
            wanted = f"none, of a {kind}" if future else "C or P, or call or put"
            raise self._error(
                f"row {row}: right = {leg['right']!r}: {wanted}", "right", leg["right"], row=row
            )
        allowed = {
            "strike": (future and leg["strike"] is None) or (not future and _above(leg["strike"], 0.0)),
            "expiration": kind != "share" or leg["expiration"] is None,
            "quantity": leg["quantity"] != 0 and float(leg["quantity"]).is_integer(),
            "price": math.isfinite(leg["price"]) and leg["price"] >= 0,
            "sold": leg["sold"] is None or (leg["sold"] >= 0 and float(leg["sold"]).is_integer()),
            "spot": leg["spot"] is None or _above(leg["spot"], 0.0),
            "parts": leg["parts"] is None or PARTS.fullmatch(leg["parts"]) is not None,
        }
        words = {
            "strike": f"none, of a {kind}" if future else "above 0",
            "expiration": "none: shares have no expiry",
            "quantity": "whole contracts, or shares, not 0: below 0 sold",
            "price": "0 or more: the price of the leg, whoever paid it",
            "sold": "whole lots, 0 or more",
            "spot": "above 0",
            "parts": 'numbers of tranches, joined by "+": "2", or "1+2"',
        }
        for name, good in allowed.items():
            if not good:
                raise self._error(f"row {row}: {name} = {leg[name]}: {words[name]}", name, leg[name], row=row)

    def _error(self, words: str, column: str, value: Any, *, row: int | None = None) -> BookError:
        return BookError(f"{self.source}: {words}", source=self.source, row=row, column=column, value=value)


def _paired(
    positions: Sequence[Mapping[str, Any]], sold: Sequence[int], bought: Sequence[int], share: float
) -> tuple[dict[int, int], int | None]:
    """Return for each position that is sold one that covers it, and the first for which none is left.

    One covers at most a `share` of its lots. The longest and largest first, each on the fewest lots that
    cover it, of as many at no higher strike where there are such: that pair needs no margin.
    """
    free = set(bought)
    pairs: dict[int, int] = {}
    for each in sorted(sold, key=lambda index: (-positions[index]["expiry"], -positions[index]["lots"])):
        held = positions[each]
        covers = [
            (other["lots"], other["strikes"][0] > held["strikes"][0], other["expiry"], index)
            for index, other in enumerate(positions)
            if index in free
            and math.floor(share * other["lots"] + ROUNDING) >= held["lots"]
            and other["expiry"] >= held["expiry"]
        ]
        if not covers:
            return pairs, each
        *_, pairs[each] = min(covers)
        free.discard(pairs[each])
    return pairs, None


def per_lot(product: str) -> float:
    """Return what a person counts of one lot: its shares, or 1.

    Examples
    --------
    >>> per_lot("VXX shares"), per_lot("VXX")
    (100.0, 1.0)
    """
    row = contract(product)
    return row.multiplier if row.kind == "share" else 1.0


def checked_prices(prices: Mapping[str, float]) -> None:
    """Refuse prices that are none of shares, or no prices.

    Raises
    ------
    SpecError
        With the product and what is allowed.
    """
    shares = [product for product in products() if _is_share(product)]
    if not isinstance(prices, Mapping):
        raise SpecError(f"prices is a {type(prices).__name__}: dollars a share by product, {shares[0]!r}")
    for product, price in prices.items():
        if product not in shares:
            raise SpecError(f"prices: {product}: {nearest_names(str(product), shares)}")
        if not is_finite(price) or price <= 0:
            raise SpecError(f"prices: {product} = {shown(price)}: dollars a share, above 0")


def _is_share(product: Any) -> bool:
    return isinstance(product, str) and product in products() and contract(product).kind == "share"


def _above(value: float | None, bound: float) -> bool:
    return value is not None and math.isfinite(value) and value > bound


def _cast(column: pl.Series, dtype: pl.DataType) -> pl.Series:
    """Cast a column; what does not fit is null."""
    if isinstance(column.dtype, pl.Categorical | pl.Enum):
        column = column.cast(pl.String)
    if dtype == pl.Date and column.dtype == pl.String:
        return column.str.to_date("%Y-%m-%d", strict=False)
    words = column.dtype.is_numeric() or column.dtype in {pl.String, pl.Null}
    if not (column.dtype in {pl.Date, pl.Null} if dtype == pl.Date else words):
        return pl.Series(column.name, [None] * len(column), dtype)
    return column.cast(dtype, strict=False)


def _wanted(name: str) -> str:
    """Return what a cell of a column is to be, in words."""
    kind = COLUMNS.get(name, pl.Float64()).base_type()
    number = "a number such as 1234.5"
    return {pl.Date: "a date, YYYY-MM-DD", pl.String: "text"}.get(kind, number)


def is_finite(value: Any) -> bool:
    """Return whether a value is a finite number, no Boolean, that a float holds.

    Examples
    --------
    >>> is_finite(1), is_finite(True), is_finite(float("nan")), is_finite(10**400)
    (True, False, False, False)
    """
    try:
        return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    except OverflowError:
        return False


def shown(value: Any) -> str:
    """Return a value as a message shows it: in one line, and not all of it.

    Examples
    --------
    >>> shown("SPXW"), len(shown("a" * 500))
    ("'SPXW'", 60)
    """
    if isinstance(value, int) and not isinstance(value, bool) and not is_finite(value):
        return f"an integer of {value.bit_length()} bits"
    text = str(value) if isinstance(value, date) else repr(value)
    return " ".join(text.split())[:LONGEST_VALUE]


def _matched(legs: Sequence[Mapping[str, Any]], layer: Layer) -> list[Mapping[str, Any]] | None:
    """Return the legs in the order of the layer's, or None where they are not those of the layer."""
    packages = [0] if layer.buy is None or layer.buy.short is None else [0, len(layer.products) - 1]
    found = (_matched_with(legs, layer, layer.legs_of(package)) for package in packages)
    return next((each for each in found if each is not None), None)


def _matched_with(
    legs: Sequence[Mapping[str, Any]], layer: Layer, wanted: list[dict[str, Any]]
) -> list[Mapping[str, Any]] | None:
    wanted = wanted or [{"right": None, "ratio": 1}]
    if len(legs) != len(wanted) or legs[0]["product"] not in layer.products:
        return None
    rest, found = list(legs), []
    for leg in wanted:
        same = (
            each for each in rest if each["right"] == leg["right"] and each["quantity"] * leg["ratio"] > 0
        )
        if (match := next(same, None)) is None:
            return None
        rest.remove(match)
        found.append(match)
    return found


def _words(layer: Layer) -> str:
    legs = layer.spec()["legs"] or [{"right": None, "ratio": 1}]
    words = ", ".join(
        f"{leg['ratio']:+d} {' or '.join(dict.fromkeys(layer.products))}"
        f"{'' if leg['right'] is None else ' ' + leg['right']}"
        for leg in legs
    )
    return words if layer.buy is None or layer.buy.short is None else f"{words}, or -1 against it"
