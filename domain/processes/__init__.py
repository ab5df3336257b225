"""The built-in processes by name and version. A broken definition does not load: it is checked here."""

from collections.abc import Mapping

from domain.check import verified
from domain.order import Order
from domain.policies import Policy
from domain.process import Process
from domain.processes.chain import CHAIN_PROCESS
from domain.processes.complete import COMPLETE
from domain.processes.marketplace_merchant import MARKETPLACE_MERCHANT
from domain.processes.marketplace_seller import MARKETPLACE_SELLER

PROCESSES: Mapping[tuple[str, int], Process] = {
    (process.name, process.version): verified(process)
    for process in (MARKETPLACE_MERCHANT, MARKETPLACE_SELLER, COMPLETE, CHAIN_PROCESS)
}

DEFAULT = MARKETPLACE_MERCHANT.name
"""The process of an order that names none where the marketplace has not chosen another."""

DEFAULT_PROCESS = Policy(
    "default_process",
    DEFAULT,
    "The process of orders that name none.",
    choices=tuple(dict.fromkeys(name for name, _ in PROCESSES)),
)
"""The marketplace's choice; it is not stamped on orders, which name their process themselves."""


def _policies() -> dict[str, Policy]:
    found = {DEFAULT_PROCESS.name: DEFAULT_PROCESS}
    for process in PROCESSES.values():
        for name, policy in process.policies.items():
            assert found.setdefault(name, policy) == policy, f"two processes disagree on the policy {name}"
    return found


POLICIES: Mapping[str, Policy] = _policies()
"""Every policy that can be set, by name."""


def process_of(order: Order) -> Process:
    """Return the process, in the version, that the order was placed under."""
    return PROCESSES[order.process, order.process_version]


def latest(name: str) -> Process | None:
    """Return the newest version of the process with this name, or None."""
    versions = [process for process in PROCESSES.values() if process.name == name]
    return max(versions, key=lambda process: process.version, default=None)
