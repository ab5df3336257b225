"""That a mutation did not do all that it was asked, noted for those who run the server: of each alike."""

from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from strawberry.extensions import FieldExtension

from graph.errors import OrderError
from graph.observing import refused
from graph.viewer import Info


class Payload(Protocol):
    """What every mutation answers with."""

    errors: list[OrderError]


class NotesRefusals(FieldExtension):
    """Notes the codes of a payload's errors, whether or not the client reads them."""

    async def resolve_async(
        self, next_: Callable[..., Awaitable[Payload]], source: Any, info: Info, **kwargs: Any
    ) -> Payload:
        """Answers what the mutation answers."""
        payload = await next_(source, info, **kwargs)
        refused(error.code.name for error in payload.errors)
        return payload
