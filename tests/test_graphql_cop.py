"""What graphql-cop looks for, kind by kind, at a server with the settings of production: it finds nothing.

Each test sends what that program sends, asks the question by which it judges, and then a stricter one.
"""

from collections.abc import AsyncGenerator, Generator
from typing import Any

import httpx
import pytest

from tests.serving import serving

SAME = "query cop { __typename }"


@pytest.fixture(scope="module")
def production(tmp_path_factory: pytest.TempPathFactory) -> Generator[str]:
    """The address of a server with the settings of production."""
    folder = tmp_path_factory.mktemp("production")
    with serving(folder, ORDERFLOW_ENV="production", ORDERFLOW_JWT_SECRET="0123456789abcdef" * 2) as server:
        yield server.address


@pytest.fixture
async def http(production: str) -> AsyncGenerator[httpx.AsyncClient]:
    """A client that, like graphql-cop, sends no token and takes whatever comes."""
    async with httpx.AsyncClient(base_url=f"http://{production}", headers={"accept": "*/*"}) as http:
        yield http


async def ask(http: httpx.AsyncClient, query: str) -> dict[str, Any]:
    """The answer to a query that is posted as it should be."""
    return (await http.post("/graphql", json={"query": query, "operationName": "cop"})).json()


async def test_the_probes_reach_the_api(http: httpx.AsyncClient) -> None:
    assert (await ask(http, SAME))["data"] == {"__typename": "Query"}


async def test_no_names_are_suggested(http: httpx.AsyncClient) -> None:
    for query in ("query cop { __schema { directive } }", "query cop { marketplce { __typename } }"):
        answer = await ask(http, query)
        assert answer["errors"]
        assert "Did you mean" not in str(answer)


async def test_the_schema_is_not_shown(http: httpx.AsyncClient) -> None:
    for query in (
        "query cop { __schema { types { name fields { name } } } }",
        'query cop { __type(name: "Order") { name } }',
    ):
        answer = await ask(http, query)
        assert answer["errors"]
        assert not answer.get("data")


async def test_there_is_no_page_for_exploring(http: httpx.AsyncClient) -> None:
    for path in ("/", "/graphql", "/graphiql", "/playground", "/console", "/graphql/assets/index.js"):
        response = await http.get(path, headers={"accept": "text/html"})
        assert response.status_code in (404, 406)
        for name in ("graphiql", "graphql playground", "graphql-playground"):
            assert name not in response.text.lower()


async def test_a_query_in_a_link_is_not_run(http: httpx.AsyncClient) -> None:
    for accept in ("*/*", "text/html", "image/avif,image/webp,*/*;q=0.8"):
        response = await http.get("/graphql", params={"query": SAME}, headers={"accept": accept})
        assert response.status_code == 406
        assert "data" not in response.json()


async def test_a_mutation_in_a_link_is_not_run_whatever_the_link_accepts(http: httpx.AsyncClient) -> None:
    for accept, status in (("*/*", 406), ("text/html", 406), ("application/json", 405)):
        response = await http.get(
            "/graphql", params={"query": "mutation cop { __typename }"}, headers={"accept": accept}
        )
        assert response.status_code == status
        assert "data" not in response.json()


async def test_what_a_form_posts_is_not_run(http: httpx.AsyncClient) -> None:
    for response in (
        await http.post("/graphql", data={"query": SAME}),
        await http.post("/graphql", files={"query": SAME.encode()}),
        await http.post("/graphql", content=f'{{"query": "{SAME}"}}', headers={"content-type": "text/plain"}),
    ):
        assert response.status_code == 415
        assert "data" not in response.json()


async def test_batches_are_not_run(http: httpx.AsyncClient) -> None:
    response = await http.post("/graphql", json=[{"query": SAME}] * 10)
    assert response.status_code == 400
    assert response.json().keys() == {"errors"}
    assert len(response.json()["errors"]) == 1


async def test_a_hundred_aliases_are_refused(http: httpx.AsyncClient) -> None:
    aliases = " ".join(f"alias{number}: __typename" for number in range(101))
    assert_refused(await ask(http, f"query cop {{ {aliases} }}"))


async def test_the_same_field_five_hundred_times_is_refused(http: httpx.AsyncClient) -> None:
    assert_refused(await ask(http, f"query cop {{ {'__typename ' * 500} }}"))


async def test_ten_directives_on_a_field_are_refused_as_one_thing(http: httpx.AsyncClient) -> None:
    for directive in ("@aa", "@skip(if: false)"):
        answer = await ask(http, f"query cop {{ __typename {directive * 10} }}")
        assert_refused(answer)
        assert len(answer["errors"]) == 1


async def test_introspection_in_circles_is_refused(http: httpx.AsyncClient) -> None:
    circles = "name"
    for _ in range(4):
        circles = f"fields {{ type {{ {circles} }} }}"
    answer = await ask(http, f"query cop {{ __schema {{ types {{ {circles} }} }} }}")
    assert answer["errors"]
    assert not answer.get("data")


async def test_answers_carry_no_trace_of_how_they_were_made(http: httpx.AsyncClient) -> None:
    for query in (SAME, "query cop { nothing }"):
        answer = await ask(http, query)
        assert answer.get("extensions", {}).keys() <= {"cost"}
        for error in answer.get("errors", ()):
            assert error["extensions"].keys() == {"code", "requestId"}


async def test_errors_tell_nothing_of_the_code_behind(http: httpx.AsyncClient) -> None:
    for query in ("qwerty cop { abc }", "query cop { marketplace { order(by: 7) { id } } }"):
        (error,) = (await ask(http, query))["errors"]
        assert error["extensions"].keys() == {"code", "requestId"}
        for telling in ("Traceback", "File", ".py", "Error(", "exception"):
            assert telling not in str(error)


def assert_refused(answer: dict[str, Any]) -> None:
    """For asking too much; nothing of it ran."""
    assert "data" not in answer
    assert {error["extensions"]["code"] for error in answer["errors"]} == {"QUERY_TOO_COMPLEX"}
