"""The built-in processes by name and version. A broken definition does not load: it is checked here."""

from collections.abc import Mapping

from domain.check import verified
from domain.order import Order
from domain.policies import Policy
from domain.process import Process
from domain.processes.marketplace_merchant import MARKETPLACE_MERCHANT

DEFAULT = MARKETPLACE_MERCHANT.name
"""The process of an order that names none."""

PROCESSES: Mapping[tuple[str, int], Process] = {
    (process.name, process.version): verified(process) for process in (MARKETPLACE_MERCHANT,)
}

POLICIES: Mapping[str, Policy] = {
    name: policy for process in PROCESSES.values() for name, policy in process.policies.items()
}
"""Every policy that some process knows, by name."""


def process_of(order: Order) -> Process:
    """Return the process, in the version, that the order was placed under."""
    return PROCESSES[order.process, order.process_version]


def latest(name: str) -> Process | None:
    """Return the newest version of the process with this name, or None."""
    versions = [process for process in PROCESSES.values() if process.name == name]
    return max(versions, key=lambda process: process.version, default=None)
