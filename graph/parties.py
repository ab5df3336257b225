"""Whose machines a role reads. Derived from the process; names no process."""

from domain.actors import Audience, Party, Role
from domain.process import Process


def parties_read(process: Process, role: Role) -> tuple[Party, ...]:
    """Return the parties whose states a role may know by their codes."""
    match role:
        case Role.MARKETPLACE | Role.SYSTEM:
            return tuple(Party)
        case Role.PAYMENTS:
            return (process.first,)
        case Role.MERCHANT | Role.LOGISTICS:
            return process.follows(Audience.MERCHANT_PORTAL)
        case Role.CUSTOMER:
            return ()


def hears(process: Process, role: Role, party: Party | None) -> bool:
    """Say whether a role learns of what its topic tells about this party's machine (None: a whole order).

    Integrations may be told of all orders, and hear of a part of each: of the machines that they read, and
    payments of whole orders too.
    """
    match role:
        case Role.PAYMENTS:
            return party is None or party in parties_read(process, role)
        case Role.LOGISTICS:
            return party in parties_read(process, role)
        case Role.MARKETPLACE | Role.MERCHANT | Role.CUSTOMER | Role.SYSTEM:
            return True
