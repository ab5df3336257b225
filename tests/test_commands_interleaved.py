"""What holds for commands and money however providers, people and the clock come in between one another.

What is booked in the end must be what the bank did, and no command may be forgotten on the way.
ORDERFLOW_ROUNDS says how many worlds are played.
"""

from random import SystemRandom

import pytest

from graph.lifespan import services_of
from graph.settings import Settings
from tests.acting import Api
from tests.crossing import ROUNDS
from tests.interleaving import play
from tests.stores import Store


@pytest.mark.parametrize("lying", [False, True], ids=["truthful", "mistaken"])
async def test_what_is_booked_is_what_the_bank_did_and_nothing_is_forgotten(mock_store: Store, lying: bool):
    api = Api(services_of(mock_store.database, Settings(jwt_secret="x" * 32, environment="development")))
    for seed in range(ROUNDS // 4):
        await play(api, seed, lying)
        await mock_store.database.drop()


@pytest.mark.parametrize("lying", [False, True], ids=["truthful", "mistaken"])
async def test_the_same_holds_on_a_real_server(server_api: Api, lying: bool):
    for _ in range(ROUNDS // 10):
        await play(server_api, SystemRandom().getrandbits(32), lying)
