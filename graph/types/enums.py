"""Closed sets of the schema: the domain's own enumerations and three more, with a sentence for each value."""

from collections.abc import Mapping
from enum import Enum, StrEnum

import strawberry
from strawberry.types.enum import StrawberryEnumDefinition

from domain.actors import Audience, Party, Role
from domain.cancellations import Verdict
from domain.commands import CommandKind, CommandStatus
from domain.invoices import InvoiceType
from domain.order import RefundStatus
from domain.process import Trigger, UnitKind

__all__ = [
    "Audience",
    "CommandKind",
    "CommandStatus",
    "DiagramFormat",
    "InvoiceType",
    "OrderErrorCode",
    "OrderProblem",
    "Party",
    "RefundStatus",
    "Role",
    "Trigger",
    "UnitKind",
    "Verdict",
]


class DiagramFormat(StrEnum):
    """In which language a diagram is written."""

    MERMAID = "mermaid"
    DOT = "dot"


class OrderErrorCode(StrEnum):
    """What kind of answer a refusal is; each has a type of its own among the errors of a mutation."""

    TRANSITION_NOT_ALLOWED = "transition_not_allowed"
    GUARD_FAILED = "guard_failed"
    OUT_OF_STEP = "out_of_step"
    INPUT_MISSING = "input_missing"
    INVALID_INPUT = "invalid_input"
    VERSION_CONFLICT = "version_conflict"
    IDEMPOTENCY_CONFLICT = "idempotency_conflict"
    NOT_FOUND = "not_found"
    BUSY = "busy"


class OrderProblem(StrEnum):
    """What somebody has to look after."""

    STOCK = "stock"
    OVERRIDE = "override"
    COMMAND = "command"


def describe(kind: type[Enum], description: str, values: Mapping[Enum, str]) -> None:
    """Make an enumeration one of the schema's. Raises KeyError for a value without a sentence."""
    if "__strawberry_definition__" not in vars(kind):  # else a type was faster that has it as a field
        strawberry.enum(kind)
    definition = vars(kind)["__strawberry_definition__"]
    assert isinstance(definition, StrawberryEnumDefinition)
    definition.description = description
    for value in definition.values:
        value.description = values[kind(value.value)]


describe(
    Audience,
    "Who reads a label, named after the application it reads it in.",
    {
        Audience.BACK_OFFICE: "The marketplace's staff.",
        Audience.MERCHANT_PORTAL: "A merchant.",
        Audience.STOREFRONT: "The customer.",
    },
)
describe(
    Party,
    "Who runs a state machine.",
    {
        Party.MARKETPLACE: "The marketplace that sells.",
        Party.CHAIN: "A store between the marketplace and the merchant.",
        Party.MERCHANT: "The merchant that fulfils.",
    },
)
describe(
    Role,
    "In which role somebody fires an event.",
    {
        Role.CUSTOMER: "Whoever placed the order.",
        Role.MERCHANT: "A merchant, on its own merchant orders.",
        Role.MARKETPLACE: "The marketplace's administration.",
        Role.PAYMENTS: "The payment system.",
        Role.LOGISTICS: "A carrier, warehouse or ERP.",
        Role.SYSTEM: "The platform itself: the clock, links between machines, automatic moves.",
    },
)
describe(
    UnitKind,
    "What moves in a process.",
    {
        UnitKind.LINE: "Each line of an order.",
        UnitKind.MERCHANT_ORDER: "Each merchant order.",
    },
)
describe(
    Trigger,
    "What sets a transition off.",
    {
        Trigger.ACTOR: "A person or a system fires its event.",
        Trigger.CLOCK: "The clock fires it some time after the state was entered.",
        Trigger.AUTOMATIC: "It happens by itself as soon as its guard says yes.",
        Trigger.LINK: "Another machine's state pulls it along.",
    },
)
describe(
    RefundStatus,
    "Where a refund stands.",
    {
        RefundStatus.PENDING: "Asked for; the amount is reserved until it is confirmed or refused.",
        RefundStatus.CONFIRMED: "Paid out.",
        RefundStatus.REFUSED: "Not paid out; the amount can be refunded again.",
    },
)
describe(
    InvoiceType,
    "Which way the goods of an invoice go.",
    {
        InvoiceType.OUTPUT: "It sells goods to the customer.",
        InvoiceType.INPUT: "It takes goods back: a return.",
    },
)
describe(
    CommandKind,
    "What the payment provider is to do.",
    {
        CommandKind.VOID: "Let go of money that was approved.",
        CommandKind.CAPTURE: "Take money that was approved.",
        CommandKind.REFUND: "Pay back money that was taken.",
    },
)
describe(
    CommandStatus,
    "Where a command to the payment provider stands.",
    {
        CommandStatus.PENDING: "Asked for; the provider has not answered yet.",
        CommandStatus.DONE: "The provider has done it.",
        CommandStatus.REFUSED: "The provider has not done it; somebody has to ask again.",
        CommandStatus.DEAD: "Given up after it was given out many times without an answer: it may have been "
        "done or not. Somebody has to look, and to ask again.",
    },
)
describe(
    Verdict,
    "How a request to cancel ended.",
    {
        Verdict.FREE: "Granted: nobody's approval was needed.",
        Verdict.APPROVED: "Granted by the merchant.",
        Verdict.DENIED: "Denied by the merchant, with a reason.",
        Verdict.LAPSED: "Granted: the merchant did not answer in time.",
        Verdict.INSISTED: "Granted: the marketplace asked a second time.",
        Verdict.INVOICED: "Denied: the merchant invoiced instead.",
    },
)
describe(
    OrderProblem,
    "What somebody has to look after.",
    {
        OrderProblem.STOCK: "A merchant waits for products that are not in stock.",
        OrderProblem.OVERRIDE: "A merchant works at its own risk on what is not paid.",
        OrderProblem.COMMAND: "The payment provider refused what it was asked to do, never answered, or did "
        "it twice.",
    },
)
describe(
    DiagramFormat,
    "In which language a diagram is written.",
    {
        DiagramFormat.MERMAID: "Mermaid, a state diagram that many documentation tools draw.",
        DiagramFormat.DOT: "DOT, the language of Graphviz.",
    },
)
describe(
    OrderErrorCode,
    "What kind of refusal this is. The message says what to do.",
    {
        OrderErrorCode.TRANSITION_NOT_ALLOWED: "The event is not possible in the current state.",
        OrderErrorCode.GUARD_FAILED: "A rule says no: time, money or where another machine stands.",
        OrderErrorCode.OUT_OF_STEP: "It would leave marketplace and merchant in states that contradict.",
        OrderErrorCode.INPUT_MISSING: "The event needs an input that was not given.",
        OrderErrorCode.INVALID_INPUT: "A value cannot be used.",
        OrderErrorCode.VERSION_CONFLICT: "Somebody changed the order since the expected version.",
        OrderErrorCode.IDEMPOTENCY_CONFLICT: "The idempotency key was used before with another input.",
        OrderErrorCode.NOT_FOUND: "There is no such thing for this viewer.",
        OrderErrorCode.BUSY: "Too many others changed the order at once; send it again.",
    },
)
