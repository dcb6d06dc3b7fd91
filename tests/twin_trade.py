"""Closings and openings of the twin, and the dollars that they move."""

from dataclasses import replace

from twin_book import TOLERANCE, Book
from twin_diagonal import buy_back, on_offer, write
from twin_hedge import Offer
from twin_layer import Early, Layer, Tranche
from twin_liquidity import liquidity
from twin_record import Record
from twin_size import LOT_TOLERANCE, Lot, base_lots, buffered, progress
from twin_strikes import strikes

MAXIMUM_LOSS = 0.99  # share of the risk from which a loss counts as the maximum


class Trader:
    """Fills of one book."""

    def __init__(self, book: Book, record: Record) -> None:
        self.book, self.record = book, record

    # --- dollars

    def pay(self, layer: Layer, cash: float) -> None:
        """Cash into the ledger of a layer."""
        self.book.ledgers[self.book.ledger(layer)].cash += cash
        if layer.terms.hedge:
            self.record.flow += cash

    def charge(self, layer: Layer, slip: float, fees: float) -> None:
        profit = self.book.profit[layer.index]
        profit["fills"] -= slip
        profit["fees"] -= fees

    # --- ends

    def settle(self, layer: Layer, t: Tranche) -> None:
        """Pay what the package is worth at its expiry."""
        book, terms = self.book, layer.terms
        payoff = terms.payoff(
            t.strikes, book.market.settlement(terms.product, book.tick, t.expiry, t.entry_tick)
        )
        dollars = t.lots * terms.dpp
        received = payoff - t.value + terms.worth(t.value)
        book.profit[layer.index]["settlement"] += (payoff - t.value) * dollars
        self.pay(layer, received * dollars)
        if not terms.hedge and t.risk > 0 and -payoff >= MAXIMUM_LOSS * t.risk:
            self.record.count("max_losses")
            self.record.count("max_losses_hedge_lost", self.record.hedge_before < t.hedge_pnl)
        self.end(layer, t, (t.credit + received) * dollars - t.lots * terms.fees)

    def resolve(self, layer: Layer, early: Early) -> None:
        """What holding to the expiry would have brought over the early closing (R14, R17)."""
        t, terms, market = early.tranche, layer.terms, self.book.market
        settlement = terms.payoff(
            t.strikes, market.settlement(terms.product, self.book.tick, t.expiry, t.entry_tick)
        )
        regret = (settlement * early.lots - early.cash) * terms.dpp
        self.record.count("regret_rule" if early.by_rule else "regret_forced", regret)
        self.record.count("recovered", early.by_rule and regret > 0)

    def close(
        self, layer: Layer, t: Tranche, share: float, *, by_rule: bool, lots: float | None = None
    ) -> None:
        """All lots, or some, all legs together; with the last lot the tranche ends."""
        terms, lots = layer.terms, t.lots if lots is None else lots
        received, dollars, fees = self.sell(layer, t, lots, share)
        t.received += (t.credit + received) * dollars - lots * terms.fees - fees
        t.lots -= lots
        if not terms.hedge:
            self.follow(layer, Early(t, lots, received * lots, by_rule))
        if t.lots == 0:
            self.end(layer, t, 0.0)
        buy_back(self, layer, t.slot, share)

    def follow(self, layer: Layer, early: Early) -> None:
        """One more early closing of a slot; those of a kind are one."""
        found = layer.early.setdefault(early.tranche.slot, [])
        same = [each for each in found if each.by_rule == early.by_rule]
        if same:
            same[0].lots += early.lots
            same[0].cash += early.cash
            return
        found.append(early)
        self.record.count("closed_early")
        self.record.count("closed_forced", not early.by_rule)

    def sell_part(self, layer: Layer, t: Tranche, lots: float) -> None:
        """A partial sale; with the last lot the tranche ends (R36)."""
        received, dollars, fees = self.sell(layer, t, lots, layer.terms.order_share)
        t.received += (t.credit + received) * dollars - 2 * fees
        t.lots -= lots
        if t.lots == 0:
            self.end(layer, t, 0.0)
        buy_back(self, layer, t.slot, layer.terms.order_share)

    def price(self, layer: Layer, t: Tranche, lots: float, share: float) -> tuple[float, float, float, float]:
        """A closing: cash per unit, dollars per point, fees, slip per unit; nothing moves yet."""
        book, terms = self.book, layer.terms
        quotes = book.market.at(terms.product, book.tick, t.expiry, since=t.entry_tick)
        slip = terms.slip(t.strikes, quotes, book.vix(), share)
        bought = terms.hedge and not terms.future and not layer.covered
        if bought:
            slip = min(slip, max(terms.worth(t.value), 0.0))  # what was bought is never sold below nothing
        received, dollars, fees = terms.worth(t.value) - slip, lots * terms.dpp, lots * terms.fees
        if bought and received * dollars <= fees:  # nor at a loss to fees: written off
            return 0.0, dollars, 0.0, terms.worth(t.value)
        return received, dollars, fees, slip

    def sell(self, layer: Layer, t: Tranche, lots: float, share: float) -> tuple[float, float, float]:
        """Cash per unit, dollars per point, fees."""
        received, dollars, fees, slip = self.price(layer, t, lots, share)
        self.pay(layer, received * dollars - fees)
        self.charge(layer, slip * dollars, fees)
        return received, dollars, fees

    def end(self, layer: Layer, t: Tranche, profit: float) -> None:
        """The tranche is gone: its chain learns the realised profit, net of fees (R10)."""
        profit += t.received
        chain = layer.chain(t.slot)
        chain.losses = chain.losses + 1 if profit < 0 else 0
        chain.deficit = max(0.0, chain.deficit - profit)
        self.record.count("lost", not layer.terms.hedge and profit < 0)
        del layer.held[t.slot]

    # --- openings

    def open(self, layer: Layer) -> None:
        slot, layer.pending = layer.pending, None
        if slot is None:
            return
        found = self.package(layer, slot)
        if found is None:
            self.skip(layer)
            return
        # The slot's package is a new one now: what became of an early closing in it stays unknown.
        for early in layer.early.pop(slot, []):
            self.record.unresolved(early)
        (self.open_hedge if layer.terms.hedge else self.open_core)(layer, *found)

    def settle_on(self, layer: Layer) -> None:
        """Leave an opening to one package: the first other one that is preferred (R32, R42)."""
        for other in layer.others:
            pending, other.pending = other.pending, None
            if pending is None or layer.pending is None:
                continue
            found = self.package(other, pending)
            if found is not None and self.preferred(layer, other, *found):
                layer.pending, other.pending = None, pending
                self.record.others.append((self.book.tick, layer.index))

    def preferred(self, layer: Layer, other: Layer, t: Tranche, slip: float) -> bool:
        offer = Offer(self.book, other, t, slip)
        if other.prefer["by"] == "lots":
            return offer.lots() >= other.prefer["least"]
        own = self.package(layer, layer.pending or 0)
        return own is not None and offer.theta_per_vega() < Offer(self.book, layer, *own).theta_per_vega()

    def skip(self, layer: Layer) -> None:
        self.record.count("skipped", not layer.terms.hedge)

    def open_core(self, layer: Layer, t: Tranche, slip: float) -> None:
        book, terms = self.book, layer.terms
        earns = t.credit * terms.dpp - terms.fees
        brings = earns if book.moves is None else earns + terms.worth(t.value) * terms.dpp
        if terms.wingless(t.strikes):
            self.skip(layer)
            return
        lot = Lot(book.unit(terms, t), earns, brings)
        lots, unrounded = (self.core_lots(layer, t, lot, whole=whole) for whole in (True, False))
        base = base_lots(book, layer, lot.risk, t)
        if lots <= 0:
            self.note(layer, 0.0, unrounded)
            self.skip(layer)
        elif book.free_with(layer, t, lots, brings) < -TOLERANCE:
            self.record.count("refused")
            self.record.first("refused_tick")
        elif not self.blocked(layer, t, lots):
            self.note(layer, lots, unrounded)
            self.fill(layer, t, lots, slip)
            self.record.count("opened")
            self.record.count("increased", lots > base)
            self.record.summary["max_lots"] = max(self.record.summary["max_lots"], lots)
            if layer.first_lots is None:
                layer.first_lots = base
                self.record.count("first_requirement", base * terms.tranches * lot.risk)

    def core_lots(self, layer: Layer, t: Tranche, lot: Lot, *, whole: bool) -> float:
        book = self.book
        base = base_lots(book, layer, lot.risk, t, whole=whole)
        lots = progress(book, layer, layer.chain(t.slot), base, lot, whole=whole)
        return buffered(book, layer, lots, lot, whole=whole)

    def note(self, layer: Layer, lots: float, unrounded: float) -> None:
        """What an opening came to, whole and before (R42)."""
        self.record.sized.append((self.book.tick, layer.main.index, lots, unrounded))

    def open_hedge(self, layer: Layer, t: Tranche, slip: float) -> None:
        book = self.book
        offer = Offer(book, layer, t, slip)
        offer.against = on_offer(book, layer, t)
        sized = offer.size(self.record.vega)
        if offer.target() >= LOT_TOLERANCE and self.refused_by_signs(layer, t, offer):
            return
        if sized.lots > 0 and self.blocked(layer, t, sized.lots):
            return
        if sized.bound is not None:
            self.record.count(f"bound_{sized.bound}")
        if offer.target() >= LOT_TOLERANCE:
            self.note(layer, sized.lots, sized.unrounded)
        if sized.lots <= 0:
            return
        self.check(layer, t)
        self.fill(layer, t, sized.lots, slip)
        book.committed.append((book.tick, sized.lots * sized.expected_cost, layer.index))
        self.record.count("hedge_opened")
        write(self, layer, t.slot)

    def blocked(self, layer: Layer, t: Tranche, lots: float) -> bool:
        """Would the ledger be too little liquid after this opening (R64)?"""
        rule, terms = self.book.liquidity, layer.terms
        if rule is None:
            return False
        earns = lots * (t.credit * terms.dpp - terms.fees)
        ratio = liquidity(self.book, self.book.ledger(layer), earns, (layer, replace(t, lots=lots)))
        self.record.count("warned", ratio is not None and ratio < rule["warn"])
        self.record.count("blocked", ratio is not None and ratio < rule["block"])
        return ratio is not None and ratio < rule["block"]

    def refused_by_signs(self, layer: Layer, t: Tranche, offer: Offer) -> bool:
        """Is the wanted size within its band (R82), or does a put spread lack a sign (C18)?"""
        size, target = layer.terms.spec["size"], offer.target()
        held = layer.lots() if size["target"] == "lots" else offer.held()
        if target < size.get("band", 0.0) * (held + target):
            return True
        wrong = len(layer.terms.legs) > 1 and self.signs(layer, t) is False
        self.record.count("r44_refused", wrong)
        return wrong

    def signs(self, layer: Layer, t: Tranche) -> bool | None:
        """R44: does a bought put gain from volatility and lose as SPX rises? None: it is none."""
        book, terms = self.book, layer.terms
        if terms.product.vix or not any(sign < 0 < ratio for sign, ratio in terms.legs):
            return None
        on_offer = book.market.at(terms.product, book.tick, t.expiry)
        higher = terms.value(t.strikes, on_offer.at_spot(1.01))
        return bool(book.sensitivity(terms, t) > 0 and higher < t.value)

    def check(self, layer: Layer, t: Tranche) -> None:
        """Count what an entry has of R44."""
        held = self.signs(layer, t)
        if held is not None:
            self.record.count("r44_checked")
            self.record.count("r44_held", held)

    def fill(self, layer: Layer, t: Tranche, lots: float, slip: float) -> None:
        terms, dollars = layer.terms, lots * layer.terms.dpp
        t.lots = t.bought = lots
        self.pay(layer, t.credit * dollars - lots * terms.fees)
        self.charge(layer, slip * dollars, lots * terms.fees)
        layer.held[t.slot] = t
        if layer.covered:
            return
        layer.main.bought = layer.main.adding
        if layer.main.rolled is not None:
            self.record.variances.append((self.book.tick, layer.main.index, *layer.main.rolled))
        if not terms.future:
            self.record.count("premium_paid", max(0.0, -t.credit) * dollars)

    def package(self, layer: Layer, slot: int) -> tuple[Tranche, float] | None:
        """The package on offer, in no lots yet, and its slip; None if there is none worth selling."""
        book, terms, market, state = self.book, layer.terms, self.book.market, self.book.state
        now = market.session(book.tick)
        if terms.contract.share:
            expiry = len(market.calendar.day) - 1  # never reached
        else:
            expiry = market.calendar.expiry(terms.spec["product"], terms.spec["days"], now, **terms.after)
        if expiry is None:
            return None
        on_offer = market.at(terms.product, book.tick, expiry)
        chosen = strikes(terms, on_offer, state, market.days(book.tick, expiry))
        if chosen is None:
            return None
        value = terms.value(chosen, on_offer)
        slip = terms.slip(chosen, on_offer, book.vix(), terms.order_share)
        credit = -terms.worth(value) - slip
        if value < 0 and credit <= 0:
            return None
        t = Tranche(slot, expiry, chosen, 0.0, terms.risk(chosen), credit, book.tick, state.spot, value)
        if not (terms.product.vix or terms.future):
            t.entry_sd = state.spot * on_offer.smile.theta**0.5
            t.deltas = terms.deltas(chosen, on_offer)
        return t, slip
