"""What holds on any walk of any actors through the store processes, whoever fires what and when.

Source: design, product, "The engine"; store processes; style, example 10.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from domain.actors import SYSTEM, Audience, Party, Role
from domain.check import explore
from domain.commands import CommandKind, CommandStatus
from domain.engine import fire, offers, perform
from domain.invoiced import invoiced, returned
from domain.order import Line, MerchantOrder, Order, Value
from domain.outcome import Intent, Outcome
from domain.payments import due
from domain.process import Process, Trigger
from domain.processes import store_statuses as s
from domain.refusal import Refusal
from domain.status import status_of_order, status_of_unit
from domain.stocking import claims
from tests.builders import actor, line, placed
from tests.store_walks import STORES, attempt, sold

EVENTS = sorted(
    {
        move.event
        for process in STORES.values()
        for machine in process.machines
        for state in machine.states.values()
        for move in state.moves
    }
)
ROLES = st.sampled_from(sorted(set(Role) - {Role.SYSTEM}))
MINUTES, DAYS = timedelta(minutes=30), timedelta(days=31)
LENGTHS = st.sampled_from([timedelta(seconds=1), MINUTES, MINUTES, MINUTES, timedelta(days=1), DAYS])
VALUES = st.sampled_from(["rest", "0.01", "5.00", "999.00"])
SHELF = 3
USUAL = (
    "customer complete of {m}",
    "merchant accept of {m}",
    "payments pay",
    "30 minutes later",
    "merchant start_handling of {m}",
    "logistics confirm_handling of {m}",
    "merchant pack of {m}",
    "merchant invoice 0.01 {n} of {m}",
    "payments settle all",
    "merchant invoice rest {n} of {m}",
)
"""How an order gets along when nothing happens; what it cannot do, it leaves out."""

INPUTS = st.fixed_dictionaries(
    {"reason": st.sampled_from(["", "broken"])},
    optional={"payment_method": st.just("transfer")},
)
# Each of these fires with something richer, as an operation of its own.
RICHER = {"invoice", "take_back", "update_tracking", "change_order", "finish_invoicing", "change_seller"}


@st.composite
def orders(draw: st.DrawFn, process: Process) -> Order:
    """An order of up to three lines of two merchants, under policies of any kind."""
    lines: list[Line] = []
    for number in range(1, draw(st.integers(1, 3)) + 1):
        found = line(
            number,
            merchant_id=draw(st.sampled_from(["m1", "m2"])) if number > 1 else "m1",
            quantity=draw(st.integers(1, 3)),
            unit_price=draw(st.sampled_from([1, 333, 1000])),
            tax=draw(st.sampled_from([0, 7])),
            shipping=draw(st.sampled_from([0, 490])),
        )
        lines.append(replace(found, discount=draw(st.integers(0, found.items - 1))))
    policies = {
        name: draw(
            st.sampled_from((policy.default, *policy.choices))
            if policy.choices
            else st.sampled_from([policy.default, timedelta(0), timedelta(days=2)])
        )
        for name, policy in process.policies.items()
        if not name.endswith(("_expiry", "_timeout"))
    }
    counted = draw(st.booleans())
    shelf = {(found.merchant_id, found.sku): SHELF for found in lines[:1]} if counted else {}
    return sold(process, *lines, complete=draw(st.integers(0, 3)) > 0, shelf=shelf, **policies)


def open_commands(here: Order) -> bool:
    """Whether the provider has not done something yet."""
    return any(command.status is not CommandStatus.DONE for command in here.commands)


class StoreWalk(RuleBasedStateMachine):
    """Customers, merchants, the marketplace, providers and the clock do whatever they like with one order."""

    process: Process

    @initialize(data=st.data(), far=st.integers(0, len(USUAL)))
    def an_order_is_placed(self, data: st.DataObject, far: int):
        self.here = placed(data.draw(orders(self.process)), self.process)
        self.known: set[tuple[str, Audience]] = set()
        self.numbers = 0
        self._go(USUAL[:far], "m1")

    # What they do

    @rule(data=st.data(), role=ROLES, event=st.sampled_from(EVENTS), given=INPUTS)
    def anybody_fires_anything(self, data: st.DataObject, role: Role, event: str, given: Mapping[str, Value]):
        unit = self._unit(data)
        party = data.draw(st.sampled_from(list(unit.positions)))
        if event not in RICHER:
            self._take(Intent(event, unit.id, party, actor(role), given))

    @rule(data=st.data(), role=ROLES)
    def somebody_does_what_is_offered(self, data: st.DataObject, role: Role):
        """Whatever is offered without a reason against it is taken, given the input that it needs."""
        here = self.here
        possible = [
            (unit, offer)
            for unit in here.order.merchant_orders
            for offer in offers(here.process, here.order, unit, actor(role), here.now)
            if offer.refusal is None and offer.event not in RICHER
        ]
        if possible:
            unit, offer = data.draw(st.sampled_from(possible))
            answer = self._take(Intent(offer.event, unit.id, offer.party, actor(role), {"reason": "broken"}))
            assert isinstance(answer, Outcome), f"{offer} was offered and then refused: {answer}"

    @rule(data=st.data(), start=st.integers(0, len(USUAL)), steps=st.integers(1, 5))
    def it_goes_the_usual_way(self, data: st.DataObject, start: int, steps: int):
        self._go(USUAL[start : start + steps], self._unit(data).merchant_id)

    @rule(data=st.data(), whole=st.booleans(), captured=st.booleans())
    def a_payment_comes_in(self, data: st.DataObject, whole: bool, captured: bool):
        lacking = due(self.here.order)
        amount = lacking if whole else data.draw(st.sampled_from([1, lacking // 2, lacking + 1, 0]))
        said = ", captured=yes" if captured else ""
        self._say(f"payments pay, amount={amount / 100:.2f}{said}")

    @rule(answer=st.sampled_from(["settle", "refuse", "retry"]), last=st.booleans())
    def the_provider_answers(self, answer: str, last: bool):
        ids = [command.id for command in self.here.order.commands]
        if ids:
            self._say(f"payments {answer} {ids[-1] if last else ids[0]}")

    @rule(data=st.data(), value=VALUES, who=st.sampled_from(["merchant", "logistics"]))
    def a_merchant_invoices(self, data: st.DataObject, value: str, who: str):
        self.numbers += 1
        self._say(f"{who} invoice {value} F{self.numbers} of {self._unit(data).merchant_id}")

    @rule(data=st.data(), value=st.sampled_from(["0.01", "5.00", "999.00"]))
    def goods_come_back(self, data: st.DataObject, value: str):
        self.numbers += 1
        self._say(f"marketplace take_back {value} R{self.numbers} of {self._unit(data).merchant_id}")

    @rule(data=st.data(), delivered=st.booleans())
    def a_shipment_is_tracked(self, data: st.DataObject, delivered: bool):
        unit = self._unit(data)
        if unit.invoices:
            invoice = data.draw(st.sampled_from(unit.invoices))
            said = ", delivered=yes" if delivered else ""
            self._say(f"merchant update_tracking {invoice.number} of {unit.merchant_id}{said}")

    @rule(data=st.data(), quantity=st.integers(0, 4), who=st.sampled_from(["merchant", "marketplace"]))
    def somebody_changes_a_line(self, data: st.DataObject, quantity: int, who: str):
        unit = self._unit(data)
        own = self.here.order.lines_of(unit)
        if own:
            number = data.draw(st.sampled_from(own)).id.rsplit("-", 1)[1]
            change = (
                f"line {number} to {quantity}" if data.draw(st.booleans()) else f"adding {quantity} sku-9"
            )
            self._say(f"{who} change_order {change} of {unit.merchant_id}, reason=so")

    @rule(data=st.data(), to=st.sampled_from(["m2", "m3", "m4"]))
    def another_merchant_takes_over(self, data: st.DataObject, to: str):
        merchant = self._unit(data).merchant_id
        self._say(f"merchant cancel of {merchant}, reason=broken")
        self._say(f"marketplace change_seller {to} of {merchant}")

    @rule(data=st.data(), who=st.sampled_from(["customer", "marketplace"]))
    def somebody_asks_to_cancel(self, data: st.DataObject, who: str):
        self._say(f"{who} request_cancel of {self._unit(data).merchant_id}")

    @rule(data=st.data(), said=st.sampled_from(["customer complete", "merchant restock"]))
    def somebody_makes_up_for_it(self, data: st.DataObject, said: str):
        self._say(f"{said} of {self._unit(data).merchant_id}")

    @rule(more=st.integers(0, 3))
    def stock_arrives(self, more: int):
        shelf = self.here.order.shelf
        if ("m1", "sku-1") in shelf:
            self._say(f"{shelf['m1', 'sku-1'] + more} of sku-1 arrive")

    @rule(length=LENGTHS)
    def time_passes(self, length: timedelta):
        """A worker that is late by up to this long fires all that is due, as one step."""
        here = self.here = replace(self.here, now=self.here.now + length)
        ready = [d for d in here.order.deadlines if d.at <= here.now]
        intents = [Intent(d.event, d.unit, d.party, SYSTEM) for d in ready]
        self._settle(perform(here.process, here.order, intents, here.now))

    def _unit(self, data: st.DataObject) -> MerchantOrder:
        return data.draw(st.sampled_from(self.here.order.merchant_orders))

    def _go(self, sentences: tuple[str, ...], merchant: str) -> None:
        for sentence in sentences:
            if sentence.endswith(" later"):
                self.time_passes(MINUTES)
            elif "settle" not in sentence or open_commands(self.here.order):
                self.numbers += 1
                self._say(sentence.format(m=merchant, n=f"F{self.numbers}"))

    def _say(self, sentence: str) -> None:
        self._settle(attempt(self.here, sentence))

    def _take(self, intent: Intent) -> Outcome | Refusal:
        answer = fire(self.here.process, self.here.order, intent, self.here.now)
        self._settle(answer)
        return answer

    def _settle(self, answer: Outcome | Refusal) -> None:
        if isinstance(answer, Refusal):
            assert answer.message
            return
        self.here = self.here.then(answer)

    # What holds whatever they do

    @invariant()
    def nobody_is_seen_out_of_step(self):
        for unit in self.here.order.merchant_orders:
            stands = {party: position.state for party, position in unit.positions.items()}
            for pair in self.process.never:
                assert not all(stands.get(party) in states for party, states in pair.states.items()), stands

    @invariant()
    def what_is_seen_is_what_the_check_explored(self):
        [product] = EXPLORED[self.process.name]
        for unit in self.here.order.merchant_orders:
            stand = tuple(
                unit.positions[machine.party].state if machine.party in unit.positions else None
                for machine in product.machines
            )
            assert stand in product.combinations

    @invariant()
    def no_more_goes_back_than_came_in(self):
        for found in self.here.order.lines:
            assert min(found.refunded, found.reserved, found.approved, found.captured) >= 0
            assert found.refunded + found.reserved <= found.captured <= found.approved

    @invariant()
    def the_money_on_the_lines_is_the_money_on_record(self):
        here = self.here.order
        done = {
            kind: sum(c.amount for c in here.commands if c.kind is kind and c.status is CommandStatus.DONE)
            for kind in CommandKind
        }
        paid = sum(payment.amount for payment in here.payments)
        at_once = sum(payment.amount for payment in here.payments if payment.captured)
        assert here.approved == paid - done[CommandKind.VOID]
        assert here.captured == at_once + done[CommandKind.CAPTURE]
        assert here.refunded == done[CommandKind.REFUND]
        pending = [c for c in here.commands if c.status is CommandStatus.PENDING]
        assert here.reserved == sum(c.amount for c in pending if c.kind is CommandKind.REFUND)

    @invariant()
    def nobody_invoices_more_than_the_total_nor_takes_back_more_than_was_invoiced(self):
        here = self.here.order
        for unit in here.merchant_orders:
            if unit.replaced_by is None:
                assert 0 <= returned(unit) <= invoiced(unit) <= sum(x.total for x in here.lines_of(unit))

    @invariant()
    def what_is_invoiced_in_full_is_captured(self):
        here = self.here.order
        for unit in here.merchant_orders:
            if self._state(unit) == s.INVOICED:
                lines = here.lines_of(unit.id)
                assert invoiced(unit) == sum(found.total for found in lines)
                assert sum(found.captured for found in lines) >= invoiced(unit)

    @invariant()
    def what_is_canceled_leaves_nobody_at_work_and_no_money_behind(self):
        here = self.here.order
        for unit in here.merchant_orders:
            if self._state(unit) != s.CANCELED or unit.replaced_by:
                continue
            assert {position.state for position in unit.positions.values()} == {s.CANCELED}
            assert unit.cancellation is not None
            lines = here.lines_of(unit.id)
            assert sum(found.approved - found.captured for found in lines) == 0
            assert sum(found.captured - found.refunded for found in lines) == 0
            assert not any(found.payable for found in lines)

    @invariant()
    def whatever_is_not_over_somebody_can_move(self):
        here = self.here
        for unit in here.order.merchant_orders:
            stands = [self.process.state(party, position) for party, position in unit.positions.items()]
            if all(state.final for state in stands):
                continue
            clock = any(deadline.unit == unit.id for deadline in here.order.deadlines)
            people = any(
                offer.refusal is None
                for role in Role
                for offer in offers(here.process, here.order, unit, actor(role), here.now)
            )
            assert clock or people or open_commands(here.order), [
                position.state for position in unit.positions.values()
            ]

    @invariant()
    def nobody_claims_more_than_the_shelf_has(self):
        here = self.here.order
        assert all(left >= 0 for left in here.shelf.values()), here.shelf
        for claimed in claims(here).values():
            assert min(claimed.held, claimed.confirmed, claimed.off_shelf) >= 0

    @invariant()
    def what_is_canceled_before_handling_claims_nothing(self):
        here = self.here.order
        for unit in here.merchant_orders:
            if self._state(unit) == s.CANCELED and unit.handled_at is None and not unit.replaced_by:
                assert not unit.restocks

    @invariant()
    def the_history_has_no_gap(self):
        assert [entry.seq for entry in self.here.entries] == list(range(1, self.here.order.seq + 1))
        seen = {entry.seq for entry in self.here.entries}
        assert all(e.cause in seen and e.cause < e.seq for e in self.here.entries if e.cause)

    @invariant()
    def the_history_replayed_gives_the_states(self):
        stands: dict[tuple[str, Party], str] = {}
        for entry in self.here.entries:
            if entry.unit and entry.party and entry.target:
                known = stands.get((entry.unit, entry.party), s.INCOMPLETE if entry.source else None)
                assert known == entry.source
                stands[entry.unit, entry.party] = entry.target
        for unit in self.here.order.merchant_orders:
            for party, position in unit.positions.items():
                assert stands.get((unit.id, party), s.INCOMPLETE) == position.state

    @invariant()
    def every_label_is_one_of_a_machine_that_the_audience_reads(self):
        for unit in self.here.order.merchant_orders:
            for audience in Audience:
                status = status_of_unit(self.process, self.here.order, unit, audience)
                if status is None:
                    assert (unit.id, audience) not in self.known, "what was read once is never lost"
                    continue
                self.known.add((unit.id, audience))
                texts = {
                    text
                    for party in self.process.follows(audience)
                    if party in unit.positions
                    for state in self.process.variants(party)[0].states.values()
                    if (label := state.labels.get(audience))
                    for text in (label.text, *(variant.text for variant in label.variants))
                }
                assert status.label in texts

    @invariant()
    def a_merchant_reads_nothing_before_it_is_concerned(self):
        for unit in self.here.order.merchant_orders:
            if set(unit.positions) == {Party.MARKETPLACE} and self.process.name != "complete":
                assert status_of_unit(self.process, self.here.order, unit, Audience.MERCHANT_PORTAL) is None

    @invariant()
    def counts_of_an_order_add_up(self):
        parts = [unit for unit in self.here.order.merchant_orders if not unit.replaced_by]
        for audience in Audience:
            status = status_of_order(self.process, self.here.order, audience)
            readers = [unit for unit in parts if audience in unit.reads]
            assert (sum(row.count for row in status.counts) if status else 0) == len(readers)

    @invariant()
    def deadlines_are_those_of_the_states_that_are_stood_in(self):
        here = self.here.order
        armed = sorted((d.unit, d.party, d.event) for d in here.deadlines)
        assert armed == sorted(
            (unit.id, party, move.event)
            for unit in here.merchant_orders
            for party, position in unit.positions.items()
            for move in self.process.state(party, position).moves
            if move.trigger is Trigger.CLOCK
        )
        assert len({d.id for d in here.deadlines}) == len(here.deadlines)

    @invariant()
    def at_most_one_request_is_open_and_only_while_somebody_decides(self):
        for unit in self.here.order.merchant_orders:
            open_ = [request for request in unit.requests if request.verdict is None]
            assert len(open_) == (self._state(unit) == s.WAITING_FOR_SELLER_DECISION)

    @invariant()
    def resting_is_resting(self):
        """Settling again what has settled changes nothing."""
        outcome = perform(self.process, self.here.order, (), self.here.now)
        assert (outcome.order, outcome.entries) == (self.here.order, ())

    def _state(self, unit: MerchantOrder) -> str:
        return unit.positions[Party.MARKETPLACE].state


EXPLORED = {process.name: explore(process) for process in STORES.values()}


class AnySellerWalk(StoreWalk):
    process = STORES["marketplace-seller"]


class AnyCompleteWalk(StoreWalk):
    process = STORES["complete"]


class AnyChainWalk(StoreWalk):
    process = STORES["chain"]


FAST = settings(
    max_examples=30,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
TestAnySellerWalk = AnySellerWalk.TestCase
TestAnySellerWalk.settings = FAST
TestAnyCompleteWalk = AnyCompleteWalk.TestCase
TestAnyCompleteWalk.settings = FAST
TestAnyChainWalk = AnyChainWalk.TestCase
TestAnyChainWalk.settings = FAST
