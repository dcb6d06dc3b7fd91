"""Contract rows of the twin: dollars, ticks, grids, half-spreads, fees and the margin of futures."""

from typing import Any

from twin_market import Product


class Contract:
    """A contract row with the costs of the plan; prices are points of the underlying."""

    def __init__(self, row: dict[str, Any], costs: dict[str, Any]) -> None:
        self.row, self.costs = row, costs
        self.future, self.share = row["kind"] == "future", row["kind"] == "share"
        self.product = Product(
            vix=row["underlying"] == "VIX",
            morning=row["settlement"] == "AM",
            share=row["product"] if self.share else None,
            on=row.get("on"),
        )
        self.fraction = row["index_fraction"]  # product points per point of the underlying
        self.dpp = row["multiplier"] * self.fraction  # dollars per point of the underlying and lot
        self.fee = row["exchange_fee"] + costs["commission"]  # dollars per contract and trade

    def grid(self, strike: float) -> float:
        """Distance of listed strikes around a raw strike."""
        return rung(self.row["strike_steps"], strike * self.fraction) / self.fraction

    def half_spread(self, price: float, vix: float) -> float:
        """Half the quoted spread of a contract with this mid price."""
        c, spread, mid = self.costs, self.row["half_spread"], price * self.fraction
        stress = (max(vix, c["vix_knee"]) / c["vix_knee"]) ** c["vix_power"]
        least = max(rung(self.row["ticks"], mid) / 2, rung(spread["floors"], mid))
        widest = max(least, spread["scale"] * mid ** spread["power"])
        return c["half_spread_factor"] * widest * stress / self.fraction

    def margin(self, price: float, days: int, vix: float) -> float:
        """Margin of a future; nothing for options."""
        stress = rung(self.row.get("margin_stress", []), vix) or 1.0
        return rung(self.row["margin"], days) * price * stress if self.future else 0.0

    def stress(self, price: float) -> float:
        """What a future may lose in a day (R64)."""
        return self.row.get("stress", 0.0) * price if self.future else 0.0


def rung(table: list[tuple[float, float]], x: float) -> float:
    """Value of the last row of [from, value] whose start is at most x; 0 without one."""
    return next((value for start, value in reversed(table) if x >= start), 0.0)
