"""What holds on any walk of any actors through marketplace-merchant, whoever fires what and when.

Source: design, product, "The engine"; style, example 10.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from domain.actors import SYSTEM, Audience, Party, Role
from domain.check import explore
from domain.engine import fire, offers, perform
from domain.order import Entry, Line, Order, RefundStatus, Value
from domain.outcome import Intent, Outcome
from domain.paying import record_payment
from domain.payments import due
from domain.process import Link, Trigger
from domain.processes.marketplace_merchant import CANCELED, CLOSED, MARKETPLACE_MERCHANT, NEW, PAID, REFUNDED
from domain.refusal import Refusal
from domain.status import status_of_order, status_of_unit
from tests.builders import actor, attempt, line, order, placed, policies

EVENTS = sorted(
    {
        move.event
        for machine in MARKETPLACE_MERCHANT.machines
        for state in machine.states.values()
        for move in state.moves
    }
)
COMBINATIONS = {
    tuple(machine.name for machine in product.machines): product.combinations
    for product in explore(MARKETPLACE_MERCHANT)
}
WINDOWS = st.sampled_from([timedelta(days=5), timedelta(minutes=30), timedelta(0)])
LENGTHS = st.sampled_from([timedelta(seconds=1), timedelta(minutes=30), timedelta(days=1), timedelta(days=8)])
FAR = (
    "payments pay",
    "marketplace send_to_merchant every line",
    "merchant send_to_distribution every line",
    "merchant confirm_at_center every line",
    "merchant ship every line",
    "merchant deliver every line",
    "customer request_return every line",
)
"""How far all lines may have come when the walk begins; what a line cannot do, it leaves out."""

THEN = (
    (),
    ("merchant receive_return every line",),
    ("merchant reject_return every line, reason=worn",),
    ("marketplace cancel every line, reason=recalled",),
    ("customer cancel every line", "marketplace refund every line, amount=1"),
)

MUCH = st.sampled_from(["all", "a piece", "a cent"])
ROLES = st.sampled_from(sorted(set(Role) - {Role.SYSTEM}))

INPUTS = st.fixed_dictionaries(
    {"reason": st.sampled_from(["", "broken"])},
    optional={"amount": st.integers(-5, 3000), "refund": st.sampled_from(["o1-r1", "o1-r2", "o1-r3"])},
)


@st.composite
def orders(draw: st.DrawFn) -> Order:
    """An order of up to three lines of two merchants, under policies of any kind."""
    lines: list[Line] = []
    for number in range(1, draw(st.integers(1, 3)) + 1):
        found = line(
            number,
            merchant_id=draw(st.sampled_from(["m1", "m2"])),
            quantity=draw(st.integers(1, 4)),
            unit_price=draw(st.sampled_from([0, 1, 333, 1000])),
            tax=draw(st.sampled_from([0, 7])),
            shipping=draw(st.sampled_from([0, 490])),
        )
        lines.append(replace(found, discount=draw(st.integers(0, found.items))))
    settings = policies(
        {"m2": {"merchant_process": "merchant-distribution"}},
        payment_timeout=timedelta(days=draw(st.integers(1, 7))),
        cancellation_window=draw(WINDOWS),
        return_window=draw(WINDOWS),
        refund_close_after=draw(WINDOWS),
        payment_provider=draw(st.sampled_from(["built_in", "external"])),
    )
    return order(*lines, policies=settings)


class AnyWalk(RuleBasedStateMachine):
    """Customers, merchants, the marketplace, providers and the clock do whatever they like with one order."""

    @initialize(
        start=orders(),
        far=st.integers(0, len(FAR)),
        then=st.sampled_from(THEN),
        links=st.permutations(MARKETPLACE_MERCHANT.links),
    )
    def an_order_is_placed(self, start: Order, far: int, then: tuple[str, ...], links: list[Link]) -> None:
        self.here = placed(start)
        self.total = start.total
        self.shuffled = replace(MARKETPLACE_MERCHANT, links=tuple(links))
        for sentence in (*FAR[:far], *then):
            self._settle(attempt(self.here, sentence))

    # What they do

    @rule(data=st.data(), role=ROLES, event=st.sampled_from(EVENTS), given=INPUTS)
    def anybody_fires_anything(self, data: st.DataObject, role: Role, event: str, given: Mapping[str, Value]):
        found = data.draw(st.sampled_from(self.here.order.lines))
        party = data.draw(st.sampled_from([Party.MARKETPLACE, Party.MERCHANT]))
        quantity = data.draw(st.none() | st.integers(0, found.quantity + 1))
        self._take(Intent(event, found.id, party, actor(role), given, quantity))

    @rule(data=st.data(), much=MUCH)
    def the_customer_does_what_is_offered(self, data: st.DataObject, much: str):
        self._accept(data, Role.CUSTOMER, much)

    @rule(data=st.data(), much=MUCH)
    def the_merchants_do_what_is_offered(self, data: st.DataObject, much: str):
        self._accept(data, Role.MERCHANT, much)

    @rule(data=st.data(), much=MUCH)
    def the_marketplace_does_what_is_offered(self, data: st.DataObject, much: str):
        self._accept(data, Role.MARKETPLACE, much)

    @rule(data=st.data(), role=st.sampled_from([Role.PAYMENTS, Role.LOGISTICS]), much=MUCH)
    def a_provider_does_what_is_offered(self, data: st.DataObject, role: Role, much: str):
        self._accept(data, role, much)

    @rule(data=st.data(), whole=st.booleans())
    def a_payment_comes_in(self, data: st.DataObject, whole: bool):
        here, lacking = self.here, due(self.here.order)
        amount = lacking if whole else data.draw(st.sampled_from([1, lacking // 2, lacking + 1, 0]))
        reference = data.draw(st.sampled_from([f"p{n}" for n in range(len(here.order.payments) + 2)]))
        answers = [
            record_payment(process, here.order, reference, amount, actor(Role.PAYMENTS), here.now)
            for process in (here.process, self.shuffled)
        ]
        assert answers[0] == answers[1], "the order in which links are written decides nothing"
        self._settle(answers[0])

    @rule(length=LENGTHS)
    def time_passes(self, length: timedelta):
        """A worker that is late by up to this long fires all that is due, as one step."""
        here = self.here = replace(self.here, now=self.here.now + length)
        ready = [d for d in here.order.deadlines if d.at <= here.now]
        intents = [Intent(d.event, d.unit, d.party, SYSTEM) for d in ready]
        outcomes = [
            perform(process, here.order, intents, here.now) for process in (here.process, self.shuffled)
        ]
        assert outcomes[0] == outcomes[1]
        self._settle(outcomes[0])

    def _accept(self, data: st.DataObject, role: Role, much: str) -> None:
        """Whatever is offered without a reason against it is taken, given the input that it needs."""
        here = self.here
        possible = [
            (found, offer)
            for found in here.order.lines
            for offer in offers(here.process, here.order, found, actor(role), here.now)
            if offer.refusal is None
        ]
        if not possible:
            return
        found, offer = data.draw(st.sampled_from(possible))
        given: dict[str, Value] = {"reason": "broken"}
        if "refund" in offer.needs:
            pending = (r for r in here.order.refunds if r.status is RefundStatus.PENDING)
            given["refund"] = data.draw(st.sampled_from([r.id for r in pending if r.line_id == found.id]))
        if offer.event == "refund":
            given["amount"] = 1 if much == "a cent" else found.refundable
        splittable = found.quantity > 1 and found.refunded + found.reserved == 0 and offer.event != "refund"
        quantity = 1 if much == "a piece" and splittable else None
        answer = self._take(Intent(offer.event, found.id, offer.party, actor(role), given, quantity))
        assert isinstance(answer, Outcome), f"{offer} was offered and then refused: {answer}"

    def _take(self, intent: Intent) -> Outcome | Refusal:
        here = self.here
        answers = [fire(process, here.order, intent, here.now) for process in (here.process, self.shuffled)]
        assert answers[0] == answers[1], "the order in which links are written decides nothing"
        self._settle(answers[0])
        return answers[0]

    def _settle(self, answer: Outcome | Refusal) -> None:
        if isinstance(answer, Refusal):
            assert answer.message
            return
        if not answer.entries:
            assert answer.order == self.here.order, "no entry, no change"
        self.here = self.here.then(answer)

    # What holds whatever they do

    @invariant()
    def no_more_goes_back_than_came_in_and_no_more_comes_in_than_is_due(self):
        for found in self.here.order.lines:
            assert min(found.refunded, found.reserved) >= 0
            assert found.refunded + found.reserved <= found.captured <= found.total

    @invariant()
    def the_money_on_the_lines_is_the_money_on_record(self):
        here = self.here.order
        assert here.captured == sum(payment.amount for payment in here.payments)
        for found in here.lines:
            refunds = [refund for refund in here.refunds if refund.line_id == found.id]
            for status, amount in (
                (RefundStatus.CONFIRMED, found.refunded),
                (RefundStatus.PENDING, found.reserved),
            ):
                assert sum(refund.amount for refund in refunds if refund.status is status) == amount

    @invariant()
    def splitting_loses_nothing(self):
        assert self.here.order.total == self.total
        for merchant_order in self.here.order.merchant_orders:
            lines = self.here.order.lines_of(merchant_order)
            assert lines
            assert {found.merchant_id for found in lines} == {merchant_order.merchant_id}
        ids = [found.id for found in self.here.order.lines]
        assert len(set(ids)) == len(ids)

    @invariant()
    def each_merchant_has_one_order_at_most_and_every_sent_line_is_in_it(self):
        merchants = [m.merchant_id for m in self.here.order.merchant_orders]
        assert len(set(merchants)) == len(merchants)
        for found in self.here.order.lines:
            assert (found.merchant_order_id is not None) == (Party.MERCHANT in found.positions)

    @invariant()
    def the_history_has_no_gap(self):
        assert [entry.seq for entry in self.here.entries] == list(range(1, self.here.order.seq + 1))
        seen = {entry.seq for entry in self.here.entries}
        assert all(
            entry.cause in seen and entry.cause < entry.seq for entry in self.here.entries if entry.cause
        )

    @invariant()
    def the_history_replayed_gives_the_states(self):
        assert replayed(self.here.order, self.here.entries) == {
            (found.id, party): position.state
            for found in self.here.order.lines
            for party, position in found.positions.items()
        }

    @invariant()
    def nobody_is_seen_out_of_step(self):
        for found in self.here.order.lines:
            stands = {party: position.state for party, position in found.positions.items()}
            for pair in MARKETPLACE_MERCHANT.never:
                assert not all(stands.get(party) in states for party, states in pair.states.items()), stands

    @invariant()
    def what_is_seen_is_what_the_check_explored(self):
        for found in self.here.order.lines:
            merchant = found.positions.get(Party.MERCHANT)
            stand = (found.positions[Party.MARKETPLACE].state, merchant.state if merchant else None)
            runs = "merchant-distribution" if found.merchant_id == "m2" else "merchant"
            assert stand in COMBINATIONS["marketplace", runs]

    @invariant()
    def a_canceled_line_leaves_no_merchant_working(self):
        for found in self.here.order.lines:
            if found.positions[Party.MARKETPLACE].state == CANCELED and Party.MERCHANT in found.positions:
                assert found.positions[Party.MERCHANT].state in (
                    "canceled_by_merchant",
                    "canceled_by_marketplace",
                )

    @invariant()
    def what_is_with_a_merchant_is_paid_for(self):
        for found in self.here.order.lines:
            if found.positions[Party.MARKETPLACE].state not in (NEW, CANCELED, REFUNDED, CLOSED):
                assert found.due == 0, found.positions[Party.MARKETPLACE].state

    @invariant()
    def every_label_is_one_of_the_machine_that_the_audience_reads(self):
        for found in self.here.order.lines:
            for audience in Audience:
                [party] = MARKETPLACE_MERCHANT.reads[audience]
                status = status_of_unit(MARKETPLACE_MERCHANT, self.here.order, found, audience)
                assert (status is None) == (party not in found.positions)
                if status is not None:
                    machine = MARKETPLACE_MERCHANT.machine(party, found.positions[party].machine)
                    labels = [label for s in machine.states.values() if (label := s.labels[audience])]
                    assert status.code in {label.code for label in labels}
                    assert status.label.startswith(tuple(label.text for label in labels))

    @invariant()
    def counts_of_an_order_add_up(self):
        for audience in Audience:
            status = status_of_order(MARKETPLACE_MERCHANT, self.here.order, audience)
            readers = [found for found in self.here.order.lines if audience in found.reads]
            assert (
                sum(row.count for row in status.counts if status) == len(readers) if status else not readers
            )

    @invariant()
    def deadlines_are_those_of_the_states_that_are_stood_in(self):
        here = self.here.order
        armed = sorted((d.unit, d.party, d.event) for d in here.deadlines)
        assert armed == sorted(
            (found.id, party, move.event)
            for found in here.lines
            for party, position in found.positions.items()
            for move in MARKETPLACE_MERCHANT.machine(party, position.machine).states[position.state].moves
            if move.trigger is Trigger.CLOCK
        )
        assert len({d.id for d in here.deadlines}) == len(here.deadlines)

    @invariant()
    def nothing_moves_before_its_time(self):
        for entry in self.here.entries:
            if entry.event == "send_to_merchant" and entry.actor == SYSTEM:
                window = self.here.order.policies.window("cancellation_window", "m1")
                paid = [e.at for e in self.here.entries if e.target == PAID and e.seq < entry.seq]
                assert entry.at - min(paid) >= window

    @invariant()
    def resting_is_resting(self):
        """Settling again what has settled changes nothing."""
        outcome = perform(self.here.process, self.here.order, (), self.here.now)
        assert (outcome.order, outcome.entries) == (self.here.order, ())


def replayed(here: Order, entries: tuple[Entry, ...]) -> dict[tuple[str, Party], str]:
    """The states that follow from the history alone; each entry must start where the ones before it ended."""
    stands: dict[tuple[str, Party], str] = {}
    for entry in entries:
        if entry.event == "placed":
            assert entry.party is not None
            assert entry.target is not None
            unsplit = [found.id for found in here.lines if found.split_from is None]
            stands.update({(unit, entry.party): entry.target for unit in unsplit})
            continue
        if entry.unit is None or entry.party is None or entry.target is None:
            continue
        if "split_from" in entry.input:
            whole = entry.input["split_from"]
            stands.update(
                {(entry.unit, party): s for (unit, party), s in list(stands.items()) if unit == whole}
            )
        assert stands.get((entry.unit, entry.party)) == entry.source
        stands[entry.unit, entry.party] = entry.target
    return stands


TestAnyWalk = AnyWalk.TestCase
TestAnyWalk.settings = settings(
    max_examples=120,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
