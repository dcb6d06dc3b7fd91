"""What arms did on the paths of tables by session and deal: the paths run again once for all of these."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, Final, Literal

from alvh import figures
from alvh.compared.base import SESSION_PATHS, Compared

__all__ = ["LOGS", "Log", "Logged"]

Log = Literal["series", "deals", "entries", "pins"]

LOGS: Final[tuple[Log, ...]] = ("series", "deals", "entries", "pins")
"""What a run of all arms keeps of each."""

_ASKED_BY: Final[Mapping[Log, str]] = {
    "series": "series",
    "deals": "tranches",
    "entries": "entries",
    "pins": "pin_risk",
}
"""Log to the method that asks for it of one arm."""

_OF_THE_MARKET: Final = ("spot", "vix", "bills")
"""Series that every arm has in common."""


class Logged(Compared):
    """Logs of arms, kept as what tables are made of."""

    def _logged(self, log: Log, share: float | None, arms: Sequence[str] | None = None) -> dict[str, Any]:
        """Return by arm its series, its tranches, or the table of its openings or of its pin risk.

        Where all arms of a share are asked, every log of all of them is kept in the same run: what books have
        in common is priced once, and the next table is there. Deals, openings and pins are kept as tables, so
        that what stays is the series.
        """
        share = self._share(share)
        wanted = [arm for arm in arms or self.arms if arms or (arm, share) in self.books]
        missing = [arm for arm in wanted if (log, arm, share) not in self._logs]
        if missing:
            self._run_again(missing, share, (log,) if arms else LOGS)
        return {arm: self._logs[log, arm, share] for arm in wanted}

    @cached_property
    def _logs(self) -> dict[tuple[str, str, float], Any]:
        return {}

    def _run_again(self, arms: Sequence[str], share: float, logs: Sequence[Log]) -> None:
        """Run books of a share again, all on the same paths at once, and keep these logs of theirs."""
        paths, starts = self._spread(SESSION_PATHS)
        plan = self._together(arms, share, starts, what=_ASKED_BY[logs[0]])
        told = plan.logs(0, len(paths), range(len(arms)), logs, threads=self.threads)
        if "series" in logs:
            market = {name: told[0]["series"][name] for name in _OF_THE_MARKET}
            for of_arm in told:
                of_arm["series"] |= market
        for arm, of_arm in zip(arms, told, strict=True):
            for log in logs:
                self._logs[log, arm, share] = self._table(log, arm, of_arm.pop(log), len(paths))

    def _table(self, log: Log, arm: str, told: Mapping[str, Any], paths: int) -> Any:
        if log == "series":
            return told
        if log == "deals":
            return figures.tranches_of(told)
        if log == "entries":
            return figures.entries(told, self._layer_names(arm))
        return figures.pin_risk(told, self._layer_names(arm), paths=paths)

    def _layer_names(self, arm: str) -> list[str]:
        return [layer["name"] for layer in self._layers(arm)]
