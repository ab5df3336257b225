"""What is proved when a process loads: each kind of broken definition is refused by a sentence naming it."""

from dataclasses import replace

import pytest

from domain.actors import Audience, Party
from domain.check import ProcessBroken, check, explore, verified
from domain.engine import place
from domain.policies import Policy
from domain.process import BEFORE, STAY, Label, Move, No, Process, State
from domain.processes import PROCESSES
from domain.processes.marketplace_merchant import (
    AT_DISTRIBUTION_CENTER,
    CANCELED,
    CANCELED_BY_MARKETPLACE,
    CANCELED_BY_MERCHANT,
    CLOSED,
    DELIVERED,
    DISTRIBUTION_MACHINE,
    LEFT_MERCHANT,
    MARKETPLACE_MACHINE,
    MARKETPLACE_MERCHANT,
    MERCHANT_MACHINE,
    NEW,
    PAID,
    REFUNDED,
    RETURN_REJECTED,
    RETURNED,
    SENT_TO_MERCHANT,
    SHIPPED,
    SHIPPED_BACK,
    SHIPPED_BY_MERCHANT,
    WAITING_FOR_RETURN,
)
from domain.step import DefinitionLoops
from domain.words import after, auto, machine, never, no, on, told, when
from tests.builders import NOW, actor, order
from tests.toys import (
    BUYER,
    CHAIN,
    MARKETPLACE,
    MERCHANT,
    SELLER,
    SHOP,
    WINDOW,
    mkt,
    mrc,
    said_so,
    st,
    toy,
)

SEND = on("send", by=(SHOP,), to="sent", starts=(MERCHANT,))
SOUND = toy(
    mkt("open", open=st(SEND), sent=st(told("ship", to="done")), done=st()),
    mrc("new", new=st(on("ship", by=(SELLER,), to="shipped")), shipped=st()),
    links=(when(MARKETPLACE, "ship", merchant="shipped", marketplace="sent"),),
    never=(never("Not yet.", marketplace="done", merchant="new"),),
)


def test_a_sound_process_is_returned_as_it_is():
    assert check(SOUND) == []
    assert verified(SOUND) is SOUND


def test_a_broken_process_does_not_load_and_says_everything_that_is_wrong():
    process = toy(mkt("open", open=st(on("go", by=(SHOP,), to="nowhere"), on("fly", by=(SHOP,), to="away"))))
    with pytest.raises(ProcessBroken) as raised:
        verified(process)
    assert str(raised.value).splitlines() == [
        "Process toy is broken:",
        "- shop open: go leads to nowhere, which does not exist",
        "- shop open: fly leads to away, which does not exist",
    ]


def one(*moves: Move | No, **others: State) -> Process:
    """A process of one machine whose first state has these moves."""
    return toy(mkt("open", open=st(*moves), done=st(), **others))


FINISH = on("finish", by=(SHOP,), to="done")

# Written wrongly.
MALFORMED = {
    "unknown target": (
        one(FINISH, on("go", by=(SHOP,), to="nowhere")),
        "shop open: go leads to nowhere, which does not exist",
    ),
    "unknown first state": (toy(mkt("start", open=st())), "shop starts at start, which does not exist"),
    "two answers for one role": (
        one(FINISH, on("finish", by=(BUYER, SHOP), to=STAY)),
        "shop open has two answers to finish by marketplace",
    ),
    "two answers of the clock": (
        one(after("window", "lapse", to="done"), after("window", "lapse", to="other"), other=st()),
        "shop open has two answers to lapse by system",
    ),
    "listed and refused": (
        one(FINISH, no("finish", by=(SHOP,), because="No.")),
        "shop open both lists finish for marketplace and refuses it",
    ),
    "unknown policy": (
        one(after("siesta", "wake", to="done")),
        "shop open: wake waits for siesta, which is no window that the process knows",
    ),
    "a choice is no window": (
        toy(
            mkt("open", open=st(after("mood", "wake", to="done")), done=st()),
            policies=(Policy("mood", "good", "A choice.", ("good", "bad")),),
        ),
        "shop open: wake waits for mood, which is no window that the process knows",
    ),
    "a clock that fires for ever": (
        one(FINISH, after("window", "remind", to=STAY)),
        "shop open: remind stays, so the clock would fire it again and again",
    ),
    "no meaning": (
        toy(mkt("open", open=State(dict.fromkeys(Audience), ()))),
        "shop open has no meaning written down",
    ),
    "missing label": (
        toy(mkt("open", open=State({Audience.BACK_OFFICE: Label("Open")}, (), meaning="Open."))),
        "shop open says nothing about storefront",
    ),
    "starts a party without a machine": (
        one(on("go", by=(SHOP,), to="done", starts=(CHAIN,))),
        "shop open: go starts chain, which has no machine",
    ),
    "asks where a party without a machine stands": (
        one(on("go", by=(SHOP,), to="done", where={CHAIN: ("anywhere",)})),
        "shop open: go asks for chain anywhere, which does not exist",
    ),
    "asks for an unknown state": (
        one(on("go", by=(SHOP,), to="done", where={MARKETPLACE: ("nowhere",)})),
        "shop open: go asks for marketplace nowhere, which does not exist",
    ),
    "a link names an unknown state": (
        toy(*SOUND.machines, links=(when(MARKETPLACE, "ship", merchant="gone", marketplace="sent"),)),
        "a link names merchant gone, which does not exist",
    ),
    "a link does not say where it tells": (
        toy(*SOUND.machines, links=(when(MARKETPLACE, "ship", merchant="shipped"),)),
        "the link that tells marketplace ship does not say where marketplace stands",
    ),
    "a link tells what is not listed there": (
        toy(*SOUND.machines, links=(when(MARKETPLACE, "ship", merchant="shipped", marketplace="open"),)),
        "shop open is told ship, which it does not list",
    ),
    "a link tells what only people fire": (
        toy(*SOUND.machines, links=(when(MARKETPLACE, "send", merchant="new", marketplace="open"),)),
        "shop open is told send, which it does not list",
    ),
    "a forbidden pair names an unknown state": (
        toy(*SOUND.machines, links=SOUND.links, never=(never("No.", marketplace="lost"),)),
        "a forbidden pair names marketplace lost, which does not exist",
    ),
    "starts with a party without a machine": (
        toy(mkt("open", open=st()), first=CHAIN),
        "orders start with chain, which has no machine",
    ),
    "somebody reads a machine that is not there": (
        toy(mkt("open", open=st()), reads={Audience.MERCHANT_PORTAL: (MERCHANT,)}),
        "merchant_portal reads merchant, which has no machine",
    ),
    "several machines and nothing that picks": (
        toy(*SOUND.machines, machine("other", MERCHANT, "new", {"new": st()}), links=SOUND.links),
        "no policy says which of its machines merchant runs: other, seller",
    ),
    "the policy that picks knows other machines": (
        toy(
            *SOUND.machines,
            machine("other", MERCHANT, "new", {"new": st()}),
            links=SOUND.links,
            policies=(Policy("runs", "seller", "Which.", ("seller", "third")),),
            variant_policy={MERCHANT: "runs"},
        ),
        "policy runs must offer exactly the machines of merchant: other, seller",
    ),
    "the policy that picks is unknown": (
        toy(*SOUND.machines, links=SOUND.links, variant_policy={MERCHANT: "runs"}),
        "policy runs must offer exactly the machines of merchant: seller",
    ),
}

LOCKSTEP = (
    mkt(
        "open",
        open=st(SEND),
        sent=st(told("ship", to="done"), on("cancel", by=(SHOP,), to="canceled")),
        done=st(),
        canceled=st(),
    ),
    mrc(
        "new",
        new=st(on("ship", by=(SELLER,), to="shipped"), told("stop", to="stopped")),
        shipped=st(),
        stopped=st(),
    ),
)
SHIP = when(MARKETPLACE, "ship", merchant="shipped", marketplace="sent")
STOP = when(MERCHANT, "stop", marketplace="canceled", merchant="new")

# Written well, and yet wrong together.
OUT_OF_STEP = {
    "a state that nothing leads to": (one(FINISH, island=st()), "shop: state island is never reached"),
    "a state that only an island leads to": (
        one(FINISH, island=st(on("go", by=(SHOP,), to="beach")), beach=st()),
        "shop: state beach is never reached",
    ),
    "a state that only an event leads to that no link tells": (
        one(FINISH, told("whisper", to="secret"), secret=st()),
        "shop: state secret is never reached",
    ),
    "a state that is only reached where it must never be seen": (
        toy(
            mkt(
                "open",
                open=st(SEND),
                sent=st(on("close", by=(SHOP,), to="closed"), on("end", by=(SHOP,), to="ended")),
                closed=st(),
                ended=st(),
            ),
            mrc("new", new=st(on("ship", by=(SELLER,), to="shipped")), shipped=st()),
            never=(never("No.", marketplace="closed", merchant=("new", "shipped")),),
        ),
        "shop: state closed is never reached",
    ),
    "no way out": (
        one(FINISH, on("trap", by=(BUYER,), to="trap"), trap=st(told("out", to="done"))),
        "trap: cannot come to an end",
    ),
    "a circle without an exit": (
        one(
            FINISH,
            on("a", by=(BUYER,), to="x"),
            x=st(on("b", by=(BUYER,), to="y")),
            y=st(on("c", by=(BUYER,), to="x")),
        ),
        "x: cannot come to an end",
    ),
    "both stuck together": (
        toy(
            mkt(
                "open",
                open=st(SEND),
                sent=st(FINISH, on("cancel", by=(SHOP,), to="canceled")),
                done=st(),
                canceled=st(),
            ),
            mrc("new", new=st(told("stop", to="stopped")), stopped=st()),
            links=(when(MERCHANT, "stop", marketplace="done", merchant="new"),),
        ),
        "canceled × new: cannot come to an end",
    ),
    "forbidden by the clock": (
        toy(
            mkt(
                "open",
                open=st(SEND),
                sent=st(after("window", "lapse", to="lapsed"), told("ship", to="done")),
                lapsed=st(),
                done=st(),
            ),
            SOUND.machines[1],
            links=SOUND.links,
            never=(never("No.", marketplace="lapsed", merchant="new"),),
        ),
        "sent × new: the clock's lapse leads to forbidden lapsed × new",
    ),
    "forbidden where an order is placed": (
        toy(
            mkt(
                "open",
                open=st(auto("send", to="sent", starts=(MERCHANT,))),
                sent=st(told("ship", to="done")),
                done=st(),
            ),
            SOUND.machines[1],
            links=SOUND.links,
            never=(never("No.", marketplace="sent", merchant="new"),),
        ),
        "an order is placed in the forbidden sent × new",
    ),
    "forbidden by itself": (
        toy(
            mkt(
                "open",
                open=st(SEND),
                sent=st(auto("slip", to="done", if_=said_so), told("ship", to="done")),
                done=st(),
            ),
            SOUND.machines[1],
            links=SOUND.links,
            never=SOUND.never,
        ),
        "sent × new: slip by itself leads to forbidden done × new",
    ),
    "a link that never fires": (
        toy(*LOCKSTEP, links=(SHIP, STOP, when(MARKETPLACE, "ship", merchant="stopped", marketplace="sent"))),
        "the link that tells marketplace ship can never fire",
    ),
    "goes back without having remembered": (
        one(FINISH, on("ask", by=(BUYER,), to="asked"), asked=st(on("deny", by=(SHOP,), to=BEFORE))),
        "asked: deny goes back, but no state was remembered",
    ),
    "an automatic circle": (
        one(
            FINISH,
            on("spin", by=(BUYER,), to="ping"),
            ping=st(auto("go", to="pong")),
            pong=st(auto("back", to="ping")),
        ),
        "ping: moves by itself in a circle",
    ),
    "an automatic move that stays": (
        one(FINISH, auto("spin", to=STAY)),
        "open: spin moves by itself in a circle",
    ),
    "a circle of links": (
        toy(
            mkt(
                "open",
                open=st(SEND),
                sent=st(told("up", to="high"), FINISH),
                high=st(told("down", to="sent")),
                done=st(),
            ),
            mrc("new", new=st(on("go", by=(SELLER,), to="gone")), gone=st()),
            links=(
                when(MARKETPLACE, "up", marketplace="sent", merchant="gone"),
                when(MARKETPLACE, "down", marketplace="high", merchant="gone"),
            ),
        ),
        "sent × gone: moves by itself in a circle",
    ),
}


@pytest.mark.parametrize(("process", "sentence"), MALFORMED.values(), ids=MALFORMED)
def test_what_is_written_wrongly_is_named(process: Process, sentence: str):
    assert sentence in check(process)


@pytest.mark.parametrize(("process", "sentence"), OUT_OF_STEP.values(), ids=OUT_OF_STEP)
def test_what_goes_wrong_together_is_named(process: Process, sentence: str):
    assert sentence in check(process)


def test_nothing_is_said_twice():
    for process, _ in OUT_OF_STEP.values():
        problems = check(process)
        assert len(problems) == len(set(problems))


def test_what_the_check_calls_a_circle_the_engine_does_not_leave():
    process, _ = OUT_OF_STEP["an automatic move that stays"]
    with pytest.raises(DefinitionLoops):
        place(process, order(process=process), actor(BUYER), NOW)


def test_one_event_may_have_an_answer_for_each_role_and_one_of_the_clock():
    assert check(one(FINISH, on("finish", by=(BUYER,), to=STAY), after("window", "finish", to="done"))) == []


def test_a_state_that_is_only_passed_through_counts_as_reached():
    process = toy(
        mkt("open", open=st(on("go", by=(SHOP,), to="by")), by=st(auto("on", to="done")), done=st()),
    )
    assert check(process) == []
    [product] = explore(process)
    assert product.combinations == {("open",), ("done",)}


def test_a_guard_may_say_yes_or_no():
    process = one(on("go", by=(SHOP,), to="maybe"), maybe=st(auto("on", to="done", if_=said_so), FINISH))
    [product] = explore(process)
    assert product.combinations == {("open",), ("maybe",), ("done",)}


def test_what_forbidden_pairs_refuse_is_known():
    process = toy(
        *LOCKSTEP, links=(SHIP, STOP), never=(never("No.", marketplace="canceled", merchant="stopped"),)
    )
    [product] = explore(process)
    assert product.refused == {(("sent", "new"), MARKETPLACE, "cancel")}


def test_what_is_remembered_is_part_of_where_a_machine_stands():
    """Back from `asked` leads to where it came from only, so `b` and `a` are told apart while asking."""
    process = toy(
        mkt(
            "a",
            a=st(on("go", by=(SHOP,), to="b"), on("ask", by=(BUYER,), to="asked", remember=True)),
            b=st(on("ask", by=(BUYER,), to="asked", remember=True), on("end", by=(SHOP,), to="c")),
            asked=st(on("deny", by=(SHOP,), to=BEFORE)),
            c=st(),
        )
    )
    assert check(process) == []


def test_every_choice_of_machines_is_explored():
    process = toy(
        *SOUND.machines,
        machine("other", MERCHANT, "idle", {"idle": st(told("stop", to="gone")), "gone": st()}),
        links=SOUND.links,
        policies=(WINDOW, Policy("runs", "seller", "Which.", ("seller", "other"))),
        variant_policy={MERCHANT: "runs"},
    )
    products = explore(process)
    assert [[m.name for m in product.machines] for product in products] == [
        ["shop", "seller"],
        ["shop", "other"],
    ]
    assert "sent × idle: cannot come to an end" in check(process)


# The built-in process

BEFORE_THE_SPLIT = {(code, None) for code in (NEW, PAID, CANCELED, REFUNDED, CLOSED)}
BOTH = {
    (SENT_TO_MERCHANT, NEW),
    *((code, CANCELED_BY_MERCHANT) for code in (CANCELED, REFUNDED, CLOSED)),
    *((code, CANCELED_BY_MARKETPLACE) for code in (CANCELED, REFUNDED, CLOSED)),
    (SHIPPED_BY_MERCHANT, SHIPPED),
    (DELIVERED, DELIVERED),
    (WAITING_FOR_RETURN, WAITING_FOR_RETURN),
    (RETURN_REJECTED, RETURN_REJECTED),
    (SHIPPED_BACK, SHIPPED_BACK),
    (RETURNED, RETURNED),
    (REFUNDED, REFUNDED),
    (CLOSED, CLOSED),
}
BY_CENTER = {(SENT_TO_MERCHANT, LEFT_MERCHANT), (SENT_TO_MERCHANT, AT_DISTRIBUTION_CENTER)}


def test_every_built_in_process_is_sound():
    assert [check(process) for process in PROCESSES.values()] == [[] for _ in PROCESSES]


def test_marketplace_and_merchant_can_be_seen_in_exactly_these_combinations():
    direct, by_center = explore(MARKETPLACE_MERCHANT)
    assert direct.machines == (MARKETPLACE_MACHINE, MERCHANT_MACHINE)
    assert direct.combinations == BEFORE_THE_SPLIT | BOTH
    assert by_center.machines == (MARKETPLACE_MACHINE, DISTRIBUTION_MACHINE)
    assert by_center.combinations == BEFORE_THE_SPLIT | BOTH | BY_CENTER


def test_forbidden_pairs_refuse_a_cancellation_only_once_the_line_left_for_the_center():
    direct, by_center = explore(MARKETPLACE_MERCHANT)
    assert direct.refused == set()
    assert by_center.refused == {(stand, Party.MARKETPLACE, "cancel") for stand in BY_CENTER}


@pytest.mark.parametrize("number", range(len(MARKETPLACE_MERCHANT.links)))
def test_no_link_of_the_built_in_process_can_be_left_out(number: int):
    """Each link is needed: without it the check finds machines that fall out of step."""
    links = MARKETPLACE_MERCHANT.links
    assert check(replace(MARKETPLACE_MERCHANT, links=(*links[:number], *links[number + 1 :]))) != []
