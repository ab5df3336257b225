"""What things cost, in points: the table that `graph.cost` reads. Data, to be changed by whoever measures.

A point is one object of an answer, which takes the server 10 to 40 µs. What takes it longer is worth more: a
list that the database searches and sorts took 30 ms and more on the embedded server, where the dearest
operations that pass the ceiling take about a second.
"""

from collections.abc import Mapping

LEAVES = 10
"""So many values of an object are free; each so many more cost a point."""

MUTATION = 10
"""Each mutation, before what it gives back."""

FILTER = 150
"""Each part of a filter, since the database looks for each."""

SEARCH = 1200
"""A list of orders, and likewise counting one."""

WEIGHTS: Mapping[str, int] = {
    "Marketplace.orders": SEARCH,
    "MerchantPortal.orders": SEARCH,
    "Storefront.orders": SEARCH,
    "Marketplace.stuckOrders": SEARCH,
    "PaymentsIntegration.refunds": SEARCH,
    "PaymentsIntegration.commands": SEARCH,
    "Mutation.leaseCommands": 300,  # looks for what is due, by an index, and writes each
    "OrderConnection.totalCount": SEARCH,
    "MerchantOrderConnection.totalCount": SEARCH,
    "CustomerOrderConnection.totalCount": SEARCH,
    "Marketplace.imports": 300,
    "MerchantPortal.imports": 300,
    "Import.report": SEARCH,  # hundreds of rows are read for each that is of a rare outcome
    "Query.events": 300,  # the topic's last number is looked up first
    "Query.__schema": 1600,  # hundreds of types, though all in memory
    "Query.__type": 40,
}
"""What a field costs besides the objects that it gives."""

LIST = 3
"""What a list is taken to hold that has no `first` or `last`, unless SIZES knows better."""

SIZES: Mapping[str, int] = {
    # of an order
    "lines": 10,
    "merchantOrders": 2,
    "payments": 1,
    "refunds": 2,
    "commands": 2,
    "LeaseCommandsPayload.commands": 10,  # as many as are given out unless more are asked for
    "invoices": 2,
    "cancellationRequests": 1,
    "restocks": 1,
    "deadlines": 1,
    # of a mutation
    "errors": 1,
    "moved": 2,
    "skipped": 1,
    # of a process, which is read whole
    "Machine.states": 15,
    "Machine.transitions": 30,
    "Process.links": 30,
}
"""By the list's field: one of that name on any type, or on this one."""
