"""Exports of the marketplace of canaries: whoever looks, no export holds a string that is not for it."""

import pytest

from graph.app import create_app
from graph.exports.columns import Kind
from graph.schema import schema
from tests.authorization_secrets import READERS
from tests.authorization_world import SETTINGS, World
from tests.canaries import PEOPLE, canaries_in
from tests.exporting import ask

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.mark.parametrize("name", [name for name, who in PEOPLE.items() if who])
async def test_an_export_holds_only_strings_that_are_for_its_reader(world: World, name: str) -> None:
    app = create_app(schema, world.services, SETTINGS)
    for kind in Kind:
        for ending in ("csv", "jsonl"):
            response = await ask(app, PEOPLE[name], f"{kind}.{ending}")
            assert response.status_code == 200
            found = canaries_in(response.text)
            assert [each for each in sorted(found) if name not in READERS[each]] == []
            assert found
