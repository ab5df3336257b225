"""Policies: settings of the marketplace or of one merchant, stamped on an order when it is placed.

Design: product, "Words". What is stamped never changes for that order.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

PolicyValue = timedelta | str
"""A window or timeout as a timedelta, a choice as its name."""


@dataclass(frozen=True, slots=True)
class Policy:
    """One policy a process knows: its default, what it means, who may set it.

    `choices` is empty for a window; a window is zero or longer. `per_merchant`: a merchant may have its own.
    """

    name: str
    default: PolicyValue
    text: str
    choices: tuple[str, ...] = ()
    per_merchant: bool = False


class PolicyInvalid(ValueError):
    """A policy that does not exist or a value that it cannot have; the sentence says what would do."""


@dataclass(frozen=True, slots=True)
class Policies:
    """The policies stamped on an order: the marketplace's, and its merchants' own where they differ."""

    marketplace: Mapping[str, PolicyValue] = field(default_factory=dict[str, PolicyValue])
    merchants: Mapping[str, Mapping[str, PolicyValue]] = field(
        default_factory=dict[str, Mapping[str, PolicyValue]]
    )

    def value(self, name: str, merchant_id: str) -> PolicyValue:
        """Return what holds for this merchant's part of the order."""
        own = self.merchants.get(merchant_id)
        return own[name] if own is not None and name in own else self.marketplace[name]

    def window(self, name: str, merchant_id: str) -> timedelta:
        """Return a window or timeout."""
        value = self.value(name, merchant_id)
        if not isinstance(value, timedelta):
            raise PolicyInvalid(f"Policy {name} is a choice, not a length of time.")
        return value


def check(known: Mapping[str, Policy], name: str, value: PolicyValue, *, by_merchant: bool) -> None:
    """Raise PolicyInvalid unless this policy exists, takes this value, and this kind of owner may set it."""
    policy = known.get(name)
    if policy is None or (by_merchant and not policy.per_merchant):
        settable = sorted(p.name for p in known.values() if p.per_merchant or not by_merchant)
        raise PolicyInvalid(f"There is no policy {name!r} to set here; there are: {', '.join(settable)}.")
    if isinstance(policy.default, timedelta):
        if not isinstance(value, timedelta) or value < timedelta(0):
            raise PolicyInvalid(f"{name} is a length of time, zero or longer.")
    elif value not in policy.choices:
        raise PolicyInvalid(f"{name} is one of: {', '.join(policy.choices)}.")


def stamp(
    known: Iterable[Policy],
    marketplace: Mapping[str, PolicyValue],
    merchants: Mapping[str, Mapping[str, PolicyValue]],
) -> Policies:
    """Return a new order's policies: defaults, the marketplace's settings, the merchants' own over them."""
    policies = tuple(known)
    own = {
        merchant: {p.name: settings[p.name] for p in policies if p.per_merchant and p.name in settings}
        for merchant, settings in merchants.items()
    }
    return Policies(
        {p.name: marketplace.get(p.name, p.default) for p in policies},
        {merchant: settings for merchant, settings in own.items() if settings},
    )
