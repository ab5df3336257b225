"""What the engine promises of any process: settled whole or refused whole, and every move on record.

Toy processes only; what the built-in processes do with it stands in their own tests.
"""

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.actors import SYSTEM, Actor, Party, Role
from domain.engine import fire, offers, perform, place, why_not
from domain.moment import Moment, change, guard
from domain.order import Order
from domain.outcome import Intent, Outcome
from domain.process import STAY, Process, UnitKind
from domain.refusal import Refusal, RefusalCode
from domain.step import DefinitionLoops
from domain.words import after, auto, never, no, on, told, when
from tests.builders import NOW, actor, line, lines, order, policies
from tests.toys import (
    BANK,
    BUYER,
    CHAIN,
    MARKETPLACE,
    MERCHANT,
    SELLER,
    SHOP,
    fired,
    merchant_orders,
    mkt,
    mrc,
    said_so,
    st,
    toy,
    tried,
)


@change
def rename(moment: Moment) -> Order:
    """The line is called what the input says."""
    return moment.order.with_unit(replace(moment.line, name=str(moment.input.get("name", "renamed"))))


PAIR = toy(
    mkt(
        "open",
        open=st(on("send", by=(SHOP,), to="sent", starts=(MERCHANT,))),
        sent=st(
            told("ship", to="shipped"),
            on("cancel", by=(SHOP, BUYER), to="canceled", does=(rename,)),
            no("return", by=(BUYER,), because="It has not arrived yet."),
        ),
        shipped=st(on("cancel", by=(SHOP,), to="canceled", does=(rename,))),
        canceled=st(),
    ),
    mrc(
        "waiting",
        waiting=st(on("ship", by=(SELLER,), to="shipped", needs=("box",)), told("stop", to="stopped")),
        shipped=st(on("lose", by=(SELLER,), to=STAY)),
        stopped=st(),
    ),
    links=(
        when(MARKETPLACE, "ship", merchant="shipped", marketplace="sent"),
        when(MERCHANT, "stop", marketplace="canceled", merchant="waiting"),
    ),
    never=(never("The parcel is gone.", marketplace="canceled", merchant="shipped"),),
)


def sent(process: Process = PAIR) -> Order:
    start = place(process, order(process=process), actor(BUYER), NOW).order
    return fired(process, start, "send", SHOP).order


def shipped() -> Order:
    outcome = fire(PAIR, sent(), Intent("ship", "o1-1", MERCHANT, actor(SELLER), {"box": "b1"}), NOW)
    assert isinstance(outcome, Outcome)
    return outcome.order


def stand(here: Order, unit: str = "o1-1") -> dict[str, str]:
    found = here.unit(unit)
    assert found is not None
    return {party.value: position.state for party, position in found.positions.items()}


def test_placing_is_the_first_entry_of_the_history():
    outcome = place(PAIR, order(*lines(2), process=PAIR), actor(BUYER), NOW)
    [entry] = outcome.entries
    assert (entry.seq, entry.unit, entry.source, entry.target, entry.event) == (
        1,
        None,
        None,
        "open",
        "placed",
    )
    assert entry.actor == actor(BUYER)
    assert outcome.order.seq == 1
    assert [stand(outcome.order, f"o1-{n}") for n in (1, 2)] == [{"marketplace": "open"}] * 2


def test_a_started_machine_is_on_record_with_what_started_it():
    start = place(PAIR, order(process=PAIR), actor(BUYER), NOW).order
    send, begin = fired(PAIR, start, "send", SHOP).entries
    assert (send.seq, send.source, send.target, send.event, send.cause) == (2, "open", "sent", "send", None)
    assert (begin.seq, begin.party, begin.source, begin.target) == (3, MERCHANT, None, "waiting")
    assert (begin.event, begin.cause, begin.actor) == ("start", send.seq, SYSTEM)


def test_one_event_moves_both_sides_as_one_step_and_says_what_pulled_what():
    outcome = fire(PAIR, sent(), Intent("ship", "o1-1", MERCHANT, actor(SELLER), {"box": "b1"}), NOW)
    assert isinstance(outcome, Outcome)
    assert stand(outcome.order) == {"marketplace": "shipped", "merchant": "shipped"}
    theirs, ours = outcome.entries
    assert (theirs.party, theirs.actor, theirs.cause) == (MERCHANT, actor(SELLER), None)
    assert (ours.party, ours.actor, ours.cause, ours.event) == (MARKETPLACE, SYSTEM, theirs.seq, "ship")
    assert outcome.order.seq == ours.seq == 5
    assert outcome.moved == ("o1-1",)


def test_an_entry_keeps_the_input_and_the_reason_apart():
    given = {"reason": "torn", "name": "Torn thing"}
    outcome = fire(PAIR, sent(), Intent("cancel", "o1-1", MARKETPLACE, actor(SHOP), given), NOW)
    assert isinstance(outcome, Outcome)
    cancel, stop = outcome.entries
    assert (cancel.reason, cancel.input) == ("torn", {"name": "Torn thing"})
    assert (stop.reason, stop.input) == ("torn", {}), "why goes along, what came along stays with its event"


def test_what_a_move_changes_is_in_the_outcome():
    outcome = fired(PAIR, sent(), "cancel", SHOP)
    assert outcome.order.lines[0].name == "renamed"


def test_what_a_state_does_not_list_is_refused_with_what_is_possible():
    answer = tried(PAIR, sent(), "teleport", SHOP)
    assert isinstance(answer, Refusal)
    assert (answer.code, answer.rule, answer.state) == (RefusalCode.TRANSITION_NOT_ALLOWED, "state", "sent")
    assert answer.available == ("cancel",)
    assert answer.message == "teleport is not possible in state sent; possible now: cancel."


def test_a_refusal_says_so_when_nothing_is_possible():
    answer = tried(PAIR, sent(), "cancel", BANK)
    assert isinstance(answer, Refusal)
    assert answer.available == ()
    assert answer.message == "cancel is not possible in state sent; nothing is possible for you here now."


def test_a_written_refusal_is_what_the_refused_person_reads():
    answer = tried(PAIR, sent(), "return", BUYER)
    assert isinstance(answer, Refusal)
    assert answer.message == "It has not arrived yet."
    assert answer.available == ("cancel",)
    other = tried(PAIR, sent(), "return", SHOP)
    assert isinstance(other, Refusal)
    assert other.message.startswith("return is not possible"), "it was written for the customer only"


@pytest.mark.parametrize("event", ["ship", "stop"])
def test_what_only_a_link_fires_nobody_fires(event: str):
    for role in Role:
        for party in (MARKETPLACE, MERCHANT):
            if (role, party, event) == (SELLER, MERCHANT, "ship"):
                continue
            answer = tried(PAIR, sent(), event, role, party)
            assert isinstance(answer, Refusal), (role, party)
            assert answer.code is RefusalCode.TRANSITION_NOT_ALLOWED


def test_a_result_that_must_never_be_seen_is_refused_as_a_whole():
    here = shipped()
    other = Intent("lose", "o1-1", MERCHANT, actor(SELLER))
    outcome = perform(PAIR, here, [other, Intent("cancel", "o1-1", MARKETPLACE, actor(SHOP))], NOW)
    [(intent, refusal)] = outcome.refused
    assert intent.event == "cancel"
    assert (refusal.code, refusal.message) == (RefusalCode.OUT_OF_STEP, "The parcel is gone.")
    assert (refusal.rule, refusal.state) == ("never", "shipped")
    # What was taken before stays; of what was refused there is no entry and no change.
    assert [entry.event for entry in outcome.entries] == ["lose"]
    assert replace(outcome.order, seq=here.seq, changed_at=here.changed_at) == here


def test_an_event_names_what_input_it_lacks():
    for given in ({}, {"box": ""}):
        answer = fire(PAIR, sent(), Intent("ship", "o1-1", MERCHANT, actor(SELLER), given), NOW)
        assert isinstance(answer, Refusal)
        assert (answer.code, answer.message) == (RefusalCode.INPUT_MISSING, "ship needs: box.")


def test_firing_again_what_already_happened_is_a_success_that_adds_nothing():
    here = shipped()
    for given in ({"box": "b1"}, {}):
        outcome = fire(PAIR, here, Intent("ship", "o1-1", MERCHANT, actor(SELLER), given), NOW)
        assert isinstance(outcome, Outcome)
        assert (outcome.order, outcome.entries, outcome.moved) == (here, (), ())
        assert outcome.already == ("o1-1",)


def test_somebody_else_firing_it_again_is_refused():
    somebody = actor(SELLER, "somebody-else")
    answer = fire(PAIR, shipped(), Intent("ship", "o1-1", MERCHANT, somebody, {"box": "b1"}), NOW)
    assert isinstance(answer, Refusal)


@pytest.mark.parametrize(("unit", "party"), [("o1-9", MARKETPLACE), ("o1-1", CHAIN), ("", MERCHANT)])
def test_what_is_not_there_cannot_be_moved(unit: str, party: Party):
    answer = fire(PAIR, sent(), Intent("cancel", unit, party, actor(SHOP)), NOW)
    assert isinstance(answer, Refusal)
    assert (answer.code, answer.state, answer.available) == (RefusalCode.NOT_FOUND, None, ())


def test_several_events_are_one_step_and_each_is_taken_or_refused_on_its_own():
    start = place(PAIR, order(*lines(3), process=PAIR), actor(BUYER), NOW).order
    events = [("o1-1", "send"), ("o1-2", "teleport"), ("o1-3", "send"), ("o1-1", "send")]
    outcome = perform(PAIR, start, [Intent(e, u, MARKETPLACE, actor(SHOP)) for u, e in events], NOW)
    assert (outcome.moved, outcome.already) == (("o1-1", "o1-3"), ("o1-1",))
    assert [intent.unit for intent, _ in outcome.refused] == ["o1-2"]
    assert [entry.seq for entry in outcome.entries] == [2, 3, 4, 5]


def test_when_nothing_was_taken_nothing_changes():
    start = sent()
    outcome = perform(PAIR, start, [Intent("teleport", "o1-1", MARKETPLACE, actor(SHOP))], NOW)
    assert (outcome.order, outcome.entries) == (start, ())


GUARDED = toy(
    mkt(
        "open",
        open=st(
            on("take", by=(BUYER,), to="done", if_=said_so),
            on("take", by=(SHOP,), to="done", needs=("so",), if_=said_so),
            auto("skip", to="skipped", if_=said_so),
            on("speak", by=(BUYER,), to=STAY, takes=("so",)),
        ),
        done=st(),
        skipped=st(),
    )
)


def test_a_guard_that_says_no_refuses_with_its_sentence_and_name():
    start = place(GUARDED, order(process=GUARDED), actor(BUYER), NOW).order
    answer = fire(GUARDED, start, Intent("take", "o1-1", MARKETPLACE, actor(BUYER), {"so": "no"}), NOW)
    assert isinstance(answer, Refusal)
    assert (answer.code, answer.rule) == (RefusalCode.GUARD_FAILED, "said_so")
    assert answer.message == "The input does not say so."


def test_an_automatic_move_waits_until_its_question_is_answered_yes():
    start = place(GUARDED, order(process=GUARDED), actor(BUYER), NOW).order
    assert stand(start) == {"marketplace": "open"}
    speak = Intent("speak", "o1-1", MARKETPLACE, actor(BUYER), {"so": "yes"})
    outcome = fire(GUARDED, start, speak, NOW)
    assert isinstance(outcome, Outcome)
    assert [(e.event, e.cause) for e in outcome.entries] == [("speak", None), ("skip", 2)]
    assert stand(outcome.order) == {"marketplace": "skipped"}


def test_offers_name_each_event_once_with_what_it_needs_and_why_not():
    start = place(GUARDED, order(process=GUARDED), actor(BUYER), NOW).order
    take, speak = offers(GUARDED, start, start.lines[0], actor(BUYER), NOW)
    assert (take.event, take.refusal and take.refusal.message) == ("take", "The input does not say so.")
    assert (speak.event, speak.takes, speak.refusal) == ("speak", ("so",), None)
    assert offers(GUARDED, start, start.lines[0], actor(SELLER), NOW) == ()


def test_offers_do_not_hold_missing_input_against_an_event():
    here = sent()
    [ship] = offers(PAIR, here, here.lines[0], actor(SELLER), NOW)
    assert (ship.event, ship.party, ship.needs, ship.refusal) == ("ship", MERCHANT, ("box",), None)


def test_offers_show_what_the_other_side_rules_out():
    here = shipped()
    [cancel] = offers(PAIR, here, here.lines[0], actor(SHOP), NOW)
    assert cancel.refusal is not None
    assert (cancel.refusal.code, cancel.refusal.message) == (RefusalCode.OUT_OF_STEP, "The parcel is gone.")


def test_offers_show_written_refusals_to_whom_they_are_written_for():
    here = sent()
    offered = {o.event: o.refusal for o in offers(PAIR, here, here.lines[0], actor(BUYER), NOW)}
    assert offered["cancel"] is None
    assert offered["return"] is not None
    assert offered["return"].message == "It has not arrived yet."


def test_whether_an_event_is_possible_is_asked_of_that_one_whatever_it_still_needs():
    ship = Intent("ship", "o1-1", MERCHANT, actor(SELLER))
    assert why_not(PAIR, sent(), ship, NOW) is None
    no = why_not(PAIR, sent(), Intent("return", "o1-1", MARKETPLACE, actor(BUYER)), NOW)
    assert no is not None
    assert no.message == "It has not arrived yet."


def test_what_the_same_person_did_before_is_not_possible_once_more():
    ship = Intent("ship", "o1-1", MERCHANT, actor(SELLER), {"box": "b1"})
    no = why_not(PAIR, shipped(), ship, NOW)
    assert no is not None
    assert (no.code, no.state) == (RefusalCode.TRANSITION_NOT_ALLOWED, "shipped")
    answer = fire(PAIR, shipped(), ship, NOW)
    assert isinstance(answer, Outcome)
    assert answer.already == ("o1-1",)


@guard("It is not called that.")
def renamed(moment: Moment) -> bool:
    """Is the line called what `rename` calls it?"""
    return moment.line.name == "renamed"


def test_what_a_move_that_stays_has_done_is_so_already_whoever_asks():
    touch = on("touch", by=(SHOP, BUYER), to=STAY, does=(rename,), done=renamed)
    process = toy(mkt("open", open=st(touch, after("window", "close", to="closed")), closed=st()))
    start = place(process, order(process=process), actor(BUYER), NOW).order
    here = fired(process, start, "touch", SHOP).order
    again = tried(process, here, "touch", BUYER)
    assert isinstance(again, Outcome)
    assert (again.entries, again.already, again.order) == ((), ("o1-1",), here)


def test_the_machine_that_lists_an_event_answers_it_else_one_that_says_why_not():
    here = sent().lines[0]
    assert PAIR.party_for(here, SELLER, "ship") is MERCHANT
    assert PAIR.party_for(here, SHOP, "cancel") is MARKETPLACE
    assert PAIR.party_for(here, BUYER, "return") is MARKETPLACE
    assert PAIR.party_for(here, BUYER, "ship") is MARKETPLACE


def test_a_move_that_stays_leaves_the_state_its_time_and_its_deadlines():
    process = toy(
        mkt(
            "open",
            open=st(on("touch", by=(SHOP,), to=STAY), after("window", "close", to="done")),
            done=st(),
        )
    )
    start = place(process, order(process=process), actor(BUYER), NOW).order
    later = NOW + timedelta(minutes=1)
    outcome = fire(process, start, Intent("touch", "o1-1", MARKETPLACE, actor(SHOP)), later)
    assert isinstance(outcome, Outcome)
    [entry] = outcome.entries
    assert (entry.source, entry.target, entry.at) == ("open", "open", later)
    assert outcome.order.lines == start.lines
    assert outcome.order.deadlines == start.deadlines
    assert outcome.order.changed_at == later


def test_leaving_a_state_disarms_its_deadlines_and_entering_one_arms_its_own():
    process = toy(
        mkt(
            "open",
            open=st(on("go", by=(SHOP,), to="kept"), after("window", "lapse", to="done")),
            kept=st(after("window", "close", to="done")),
            done=st(),
        )
    )
    start = place(process, order(*lines(2), process=process), actor(BUYER), NOW).order
    assert [d.event for d in start.deadlines] == ["lapse", "lapse"]
    later = NOW + timedelta(minutes=20)
    outcome = fire(process, start, Intent("go", "o1-1", MARKETPLACE, actor(SHOP)), later)
    assert isinstance(outcome, Outcome)
    armed = {(d.unit, d.event): d.at for d in outcome.order.deadlines}
    assert armed == {
        ("o1-2", "lapse"): NOW + timedelta(hours=1),
        ("o1-1", "close"): later + timedelta(hours=1),
    }


def test_timers_without_delay_wait_for_the_links():
    """The clock must not move what the links have not brought in step yet."""
    process = toy(
        mkt(
            "open",
            open=st(on("send", by=(SHOP,), to="sent", starts=(MERCHANT,))),
            sent=st(on("cancel", by=(SHOP,), to="canceled")),
            canceled=st(after("window", "close", to="closed")),
            closed=st(),
        ),
        mrc("waiting", waiting=st(told("stop", to="stopped")), stopped=st()),
        links=(when(MERCHANT, "stop", marketplace="canceled", merchant="waiting"),),
        never=(never("The seller still works.", marketplace="closed", merchant="waiting"),),
    )
    at_once = policies(None, process, window=timedelta(0))
    start = place(process, order(process=process, policies=at_once), actor(BUYER), NOW).order
    here = fired(process, start, "send", SHOP).order
    outcome = fired(process, here, "cancel", SHOP)
    assert [entry.event for entry in outcome.entries] == ["cancel", "stop", "close"]
    assert stand(outcome.order) == {"marketplace": "closed", "merchant": "stopped"}


def test_what_one_unit_changes_may_set_another_free():
    @change
    def mark(moment: Moment) -> Order:
        """The whole order is marked."""
        return replace(moment.order, external_reference="marked")

    @guard("Not marked.")
    def marked(moment: Moment) -> bool:
        """Is the order marked?"""
        return moment.order.external_reference == "marked"

    process = toy(
        mkt(
            "open",
            open=st(
                on("mark", by=(SHOP,), to="done", does=(mark,)), auto("follow", to="followed", if_=marked)
            ),
            done=st(),
            followed=st(),
        )
    )
    start = place(process, order(*lines(3), process=process), actor(BUYER), NOW).order
    outcome = fired(process, start, "mark", SHOP, unit="o1-2")
    assert [stand(outcome.order, f"o1-{n}") for n in (1, 2, 3)] == [
        {"marketplace": "followed"},
        {"marketplace": "done"},
        {"marketplace": "followed"},
    ]
    assert [(entry.seq, entry.event) for entry in outcome.entries] == [
        (2, "mark"),
        (3, "follow"),
        (4, "follow"),
    ]
    assert outcome.moved == ("o1-2",)


def test_a_definition_that_loops_is_stopped():
    process = toy(mkt("ping", ping=st(auto("go", to="pong")), pong=st(auto("back", to="ping"))))
    with pytest.raises(DefinitionLoops):
        place(process, order(process=process), actor(BUYER), NOW)


def test_the_clock_fires_only_what_is_due_and_people_never_fire_for_it():
    process = toy(mkt("open", open=st(after("window", "close", to="done")), done=st()))
    start = place(process, order(process=process), actor(BUYER), NOW).order
    by_clock = Intent("close", "o1-1", MARKETPLACE, SYSTEM)
    due = NOW + timedelta(hours=1)
    early = fire(process, start, by_clock, due - timedelta(microseconds=1))
    assert isinstance(early, Refusal)
    assert early.code is RefusalCode.NOT_DUE
    assert isinstance(fire(process, start, by_clock, due), Outcome)
    for role in set(Role) - {Role.SYSTEM}:
        answer = fire(process, start, replace(by_clock, actor=Actor("x", role)), due)
        assert isinstance(answer, Refusal)
        assert answer.code is RefusalCode.TRANSITION_NOT_ALLOWED


@pytest.mark.parametrize("quantity", [-1, 0, 4])
def test_a_part_must_be_some_of_what_is_left(quantity: int):
    start = place(PAIR, order(line(quantity=3), process=PAIR), actor(BUYER), NOW).order
    answer = fire(PAIR, start, Intent("send", "o1-1", MARKETPLACE, actor(SHOP), quantity=quantity), NOW)
    assert isinstance(answer, Refusal)
    assert (answer.code, answer.rule) == (RefusalCode.INPUT_INVALID, "quantity")
    assert "between 1 and 3" in answer.message


def test_all_of_a_line_is_the_line_itself():
    start = place(PAIR, order(line(quantity=3), process=PAIR), actor(BUYER), NOW).order
    outcome = fire(PAIR, start, Intent("send", "o1-1", MARKETPLACE, actor(SHOP), quantity=3), NOW)
    assert isinstance(outcome, Outcome)
    assert (len(outcome.order.lines), outcome.moved) == (1, ("o1-1",))


def test_a_refused_part_is_not_split_off():
    here = sent()
    here = replace(here, lines=(replace(here.lines[0], quantity=3),))
    ship = Intent("ship", "o1-1", MERCHANT, actor(SELLER), {"box": "b1"})
    gone = fire(PAIR, here, ship, NOW)
    assert isinstance(gone, Outcome)
    answer = perform(PAIR, gone.order, [Intent("cancel", "o1-1", MARKETPLACE, actor(SHOP), quantity=1)], NOW)
    assert [refusal.code for _, refusal in answer.refused] == [RefusalCode.OUT_OF_STEP]
    assert answer.order == gone.order


def test_a_quantity_of_a_merchant_order_makes_no_sense():
    process = toy(
        mkt("open", open=st(on("go", by=(SHOP,), to="done")), done=st()), unit=UnitKind.MERCHANT_ORDER
    )
    start = place(process, merchant_orders(process, "m1"), actor(BUYER), NOW).order
    answer = fire(process, start, Intent("go", "o1-m1", MARKETPLACE, actor(SHOP), quantity=1), NOW)
    assert isinstance(answer, Refusal)
    assert answer.message == "A quantity can be named for a line only."
