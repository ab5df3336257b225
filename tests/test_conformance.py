"""GraphQL over HTTP as it is audited today: all audits of npm's graphql-http, those of MAY included."""

from collections.abc import Generator
from typing import Any

import pytest

from tests.javascript import needs_npm, run
from tests.serving import serving

# The suite runs as it is published, with Node's own fetch. By these ids each audit has a test of its own.
AUDITS = """
    22EB 4655 47DE 80D8 82A3 BF61 78D5 2C94 5A70 9C48 9ABE 03D4 A5BF 423L LKJ0 LKJ1 LKJ2 LKJ3 34A2 13EE
    6C00 6C01 6C02 6C03 8161 B8B3 94B0 0220 94B1 0221 94B2 0222 4760 4761 4762 4763 2EA1 28B9 D6D5 6A70
    58B0 58B1 58B2 58B3 428F 1B7A B6DC BCF8 B7N8 8764 3E3A 572B FDE2 7B9B 865D 556A D586 51FE 74FF 5E5B
    86EE
"""

pytestmark = needs_npm


@pytest.fixture(scope="module")
def audited(tmp_path_factory: pytest.TempPathFactory) -> Generator[dict[str, Any]]:
    """The result of each audit, by its id."""
    with serving(tmp_path_factory.mktemp("audited")) as server:
        yield {result["id"]: result for result in run("audits.mjs", address=server.address)}


def test_every_audit_of_the_suite_has_its_test_here(audited: dict[str, Any]) -> None:
    assert len(audited) == 61
    assert sorted(audited) == sorted(AUDITS.split())


@pytest.mark.parametrize("audit", AUDITS.split())
def test_the_audit_passes(audited: dict[str, Any], audit: str) -> None:
    assert audited[audit]["status"] == "ok", audited[audit]
