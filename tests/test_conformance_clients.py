"""The clients that others have written, each on a real server: one story, and how sockets end."""

from collections.abc import AsyncGenerator

import pytest
import pytest_asyncio

from domain.actors import Role
from tests.javascript import needs_npm, run
from tests.serving import Server, serving

REGISTER = 'mutation { registerMerchant(input: {id: "m1", name: "One"}) { errors { message } } }'

pytestmark = needs_npm


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Server]:
    """A server with one merchant, which waits a second for connection_init."""
    with serving(tmp_path_factory.mktemp("clients"), ORDERFLOW_INIT_TIMEOUT="1") as server:
        await server.ask(server.token(Role.MARKETPLACE), REGISTER)
        yield server


@pytest.mark.parametrize(
    ("client", "said"),
    [
        ("graphql-ws", {}),
        ("graphql-sse", {"path": "/graphql"}),
        ("graphql-sse", {"path": "/graphql/stream"}),
        ("apollo", {}),
        ("apollo", {"get": True}),
        ("urql", {}),
        ("urql", {"get": True}),
    ],
    ids=lambda each: each if isinstance(each, str) else ",".join(f"{k}={v}" for k, v in each.items()) or "-",
)
def test_a_client_places_an_order_hears_of_it_and_reads_it(
    server: Server, client: str, said: dict[str, str | bool]
) -> None:
    name = " ".join([client, *map(str, said.values())])
    told = run(f"{client}.mjs", **reached(server), client=name, **said)
    assert told["placed"]["errors"] == []
    order = told["placed"]["order"]
    assert (told["read"]["id"], told["read"]["externalReference"]) == (order["id"], f"from {name}")
    assert (told["heard"]["event"], told["heard"]["order"]["id"]) == ("placed", order["id"])
    assert ("GET" in told["methods"]) is said.get("get", False)
    if client == "graphql-sse":
        assert told["refused"] == ["GRAPHQL_VALIDATION_FAILED"]


def test_after_a_cut_socket_graphql_ws_goes_on_where_it_was(server: Server) -> None:
    told = run("graphql-ws-resume.mjs", **reached(server))
    assert told["heard"] == told["placed"]
    assert len(set(told["placed"])) == 2
    assert told["cut"] == 1006


def test_sockets_are_closed_with_the_codes_that_graphql_ws_knows(server: Server) -> None:
    told = run("graphql-ws-closing.mjs", **reached(server))
    assert told["found"] == told["expected"]
    assert sorted(told["found"].values()) == [4400, 4401, 4403, 4408, 4409, 4429]


def reached(server: Server) -> dict[str, str]:
    """Where the server is, and a token of the marketplace."""
    return {"address": server.address, "token": server.token(Role.MARKETPLACE)}
