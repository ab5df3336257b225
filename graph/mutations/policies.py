"""Policies: what the marketplace sets for all, and each merchant (or the marketplace for it) for itself.

Orders that are placed already keep what was stamped on them.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Annotated

import strawberry

from domain.actors import Role
from domain.policies import Policy, PolicyInvalid, PolicyValue, check
from domain.processes import POLICIES
from graph.errors import OrderError, invalid, not_found
from graph.mutations.durations import LONGEST, read_duration
from graph.mutations.why_not import FAILURES, from_failure
from graph.types.policies import PolicySetting, policy_settings
from graph.viewer import Info, Viewer, viewer_in
from storage.errors import MerchantUnknown


@strawberry.input(description="A policy and what to set it to.")
class PolicyInput:
    name: str = strawberry.field(description="The policy's name, such as return_window.")
    value: str = strawberry.field(description="An ISO 8601 duration such as PT30M, or the choice's name.")


@strawberry.input(description="Which policies to set, and whose.")
class UpdatePoliciesInput:
    policies: list[PolicyInput] = strawberry.field(
        description="What to set; all that is not named stays as it is."
    )
    merchant_id: str | None = strawberry.field(
        default=None,
        description="The merchant whose own policies they are; the marketplace's when left out. "
        "A merchant sets its own, named or not.",
    )


@strawberry.type(description="What became of setting policies.")
class UpdatePoliciesPayload:
    policies: list[PolicySetting] = strawberry.field(
        description="All policies that can be set here, with the values for orders placed from now on."
    )
    errors: list[OrderError] = strawberry.field(description="What is wrong; then nothing was set.")


@strawberry.mutation(
    description="Sets policies for orders placed from now on. For the role MARKETPLACE, and for MERCHANT "
    "those that a merchant may have of its own."
)
async def update_policies(
    info: Info,
    input: Annotated[UpdatePoliciesInput, strawberry.argument(description="What to set.")],
) -> UpdatePoliciesPayload:
    viewer = viewer_in(info.context, Role.MARKETPLACE, Role.MERCHANT)
    merchant_id = input.merchant_id
    if viewer.role is Role.MERCHANT:
        if merchant_id not in (None, viewer.scope.id):
            return _refused(not_found("merchant", "merchantId"))
        merchant_id = viewer.scope.id
    values = _read(input.policies, by_merchant=merchant_id is not None)
    if isinstance(values, list):
        return _refused(*values)
    try:
        return await _set(viewer, merchant_id, values)
    except MerchantUnknown:
        return _refused(not_found("merchant", "merchantId"))
    except FAILURES as failure:
        return _refused(from_failure(failure))


async def _set(
    viewer: Viewer, merchant_id: str | None, values: Mapping[str, PolicyValue]
) -> UpdatePoliciesPayload:
    services = viewer.services
    own: Mapping[str, PolicyValue] | None = None
    if merchant_id is None:
        everybody = await services.settings.set_marketplace_policies(values)
    else:
        own = (await services.merchants.set_policies(merchant_id, values)).policies
        everybody = await services.settings.marketplace_policies()
    return UpdatePoliciesPayload(policies=policy_settings(everybody, own), errors=[])


def _read(sent: Sequence[PolicyInput], *, by_merchant: bool) -> dict[str, PolicyValue] | list[OrderError]:
    """The values by name, or everything that is wrong with them."""
    if len(sent) > len(POLICIES):
        return [invalid(f"There are {len(POLICIES)} policies in all; these are {len(sent)}.", "policies")]
    values: dict[str, PolicyValue] = {}
    problems: list[OrderError] = []
    for i, each in enumerate(sent):
        path = ("policies", str(i))
        value = _value(POLICIES.get(each.name), each.value)
        if each.name in values:
            problems.append(invalid("This policy is there already.", *path, "name"))
        elif value is None:
            sentence = f"Write a duration such as PT30M or P7D, at most {LONGEST.days} days."
            problems.append(invalid(sentence, *path, "value"))
        else:
            try:
                check(POLICIES, each.name, value, by_merchant=by_merchant)
            except PolicyInvalid as problem:
                problems.append(invalid(str(problem), *path))
            values[each.name] = value
    return problems or values


def _value(policy: Policy | None, text: str) -> PolicyValue | None:
    """The value that a text stands for: a length of time (None when it is none), or a choice as it is."""
    return read_duration(text) if policy and isinstance(policy.default, timedelta) else text


def _refused(*errors: OrderError) -> UpdatePoliciesPayload:
    return UpdatePoliciesPayload(policies=[], errors=list(errors))
