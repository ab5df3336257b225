"""Policies: settings of the marketplace or of a merchant, in effect and as stamped on an order."""

from collections.abc import Mapping
from datetime import timedelta

import strawberry

from domain.policies import Policies, Policy, PolicyValue
from domain.processes import POLICIES


@strawberry.type(description="A policy as it was stamped on an order.")
class StampedPolicy:
    name: str = strawberry.field(description="The policy's name, such as return_window.")
    value: str = strawberry.field(description="An ISO 8601 duration such as PT30M, or the choice's name.")
    merchant_id: str | None = strawberry.field(
        description="The merchant that has this value of its own; null: it holds for all others."
    )


@strawberry.type(description="A policy that can be set, with the value for orders placed from now on.")
class PolicySetting:
    name: str = strawberry.field(description="The policy's name, such as return_window.")
    value: str = strawberry.field(description="An ISO 8601 duration such as PT30M, or the choice's name.")
    default: str = strawberry.field(description="The value that holds until another is set.")
    choices: list[str] = strawberry.field(description="What it can be set to; empty for a length of time.")
    per_merchant: bool = strawberry.field(description="A merchant may have a value of its own.")
    text: str = strawberry.field(description="What it decides.")


def stamped_policy_views(policies: Policies) -> list[StampedPolicy]:
    """Return the policies of one order, the marketplace's first."""
    owners: list[tuple[str | None, Mapping[str, PolicyValue]]] = [
        (None, policies.marketplace),
        *policies.merchants.items(),
    ]
    return [
        StampedPolicy(name=name, value=value_text(value), merchant_id=owner)
        for owner, values in owners
        for name, value in values.items()
    ]


def policy_setting_view(policy: Policy, value: PolicyValue | None) -> PolicySetting:
    """Return one policy with the value that was set, or None."""
    return PolicySetting(
        name=policy.name,
        value=value_text(policy.default if value is None else value),
        default=value_text(policy.default),
        choices=list(policy.choices),
        per_merchant=policy.per_merchant,
        text=policy.text,
    )


def policy_settings(
    everybody: Mapping[str, PolicyValue], own: Mapping[str, PolicyValue] | None = None
) -> list[PolicySetting]:
    """Return all policies that can be set, with their values; with `own` those of one merchant."""
    return [
        policy_setting_view(policy, (own or {}).get(name, everybody.get(name)))
        for name, policy in POLICIES.items()
        if own is None or policy.per_merchant
    ]


def value_text(value: PolicyValue) -> str:
    """Return a policy's value as text: a window as an ISO 8601 duration, a choice as its name."""
    return duration_text(value) if isinstance(value, timedelta) else value


def duration_text(length: timedelta) -> str:
    """Return a length of time, zero or longer, as an ISO 8601 duration: P7D, PT30M, P1DT12H."""
    minutes, seconds = divmod(length.seconds, 60)
    hours, minutes = divmod(minutes, 60)
    fraction = f".{length.microseconds:06}".rstrip("0").rstrip(".")
    days = f"{length.days}D" if length.days else ""
    time = "".join(f"{number}{unit}" for number, unit in ((hours, "H"), (minutes, "M")) if number)
    if seconds or length.microseconds:
        time += f"{seconds}{fraction}S"
    return f"P{days}" + (f"T{time}" if time else "") if days or time else "PT0S"
