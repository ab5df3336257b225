"""The whole schema, put together: what can be asked, changed and listened to. Exported as schema.graphql."""

from strawberry.schema.config import StrawberryConfig

from graph.errors import CONCRETE
from graph.events import Subscription
from graph.execution import CEILING, OrderflowSchema
from graph.integrations.logistics_order import LogisticsLine
from graph.integrations.payments_order import PaymentsLine
from graph.limits import STANDARD, Limits
from graph.marketplace.order import Line
from graph.merchant.order import MerchantLine
from graph.mutation import Mutation, ProductionMutation
from graph.query import Query
from graph.rates import Rates
from graph.settings import Introspection
from graph.storefront.order import CustomerLine
from graph.types.scalars import SCALARS


def build_schema(
    *,
    development: bool = True,
    limits: Limits = STANDARD,
    introspection: Introspection = "on",
    ceiling: int = CEILING,
    rates: Rates | None = None,
) -> OrderflowSchema:
    """Return the schema; in production without what is for development only.

    Its caches and its count of who asked how much are its own, so one serves all requests of a process.
    """
    return OrderflowSchema(
        Query,
        Mutation if development else ProductionMutation,
        Subscription,
        types=(Line, MerchantLine, CustomerLine, PaymentsLine, LogisticsLine, *CONCRETE),
        config=StrawberryConfig(scalar_map=SCALARS),
        limits=limits,
        introspection=introspection,
        ceiling=ceiling,
        rates=rates,
    )


schema = build_schema()
"""Everything there is; what schema.graphql shows."""
