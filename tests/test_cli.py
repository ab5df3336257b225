"""The command line: what each command prints and writes, and that what goes wrong is one line."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from domain.actors import Party, Role
from domain.process import Trigger
from domain.processes import PROCESSES
from domain.processes.marketplace_merchant import MARKETPLACE_MERCHANT, MERCHANT_MACHINE
from graph import process_commands
from graph.cli import main
from graph.process_pages import described
from graph.settings import Settings
from graph.token_settings import tokens_of
from tests.serving import orderflow

CLEAN = dict.fromkeys(("MONGODB_URI", "ORDERFLOW_DATA_DIR", "ORDERFLOW_ENV", "ORDERFLOW_JWT_SECRET"))


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Commands run in an empty folder, with no variable set."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str, **environ: str) -> Result:
    return CliRunner(env=CLEAN | environ).invoke(main, arguments)


def said(result: Result) -> str:
    assert result.exit_code == 0, result.output
    return result.output


def refused(result: Result, code: int = 1) -> str:
    """The sentence that a failed command ends with."""
    assert result.exit_code == code
    assert "Traceback" not in result.output
    return result.output.splitlines()[-1].removeprefix("Error: ")


def test_a_misspelled_setting_is_named_and_the_rest_goes_on(tmp_path: Path) -> None:
    said = orderflow("token", "--role", "marketplace", "--data-dir", tmp_path, ORDERFLOW_RATE_LIMITS="5")
    assert said.returncode == 0
    warning = "Warning: there is no setting ORDERFLOW_RATE_LIMITS; the README lists them all."
    assert said.stderr.splitlines()[0] == warning


def test_help_names_every_command() -> None:
    listed = re.findall(r"^  ([a-z]+) ", said(run("--help")), re.MULTILINE)
    assert listed == ["demo", "export", "import", "processes", "schema", "serve", "token", "worker"]
    listed = re.findall(r"^  ([a-z]+) ", said(run("processes", "--help")), re.MULTILINE)
    assert listed == ["check", "diagram", "docs", "list", "show"]


# token


@pytest.mark.parametrize(
    ("arguments", "role", "merchant", "customer"),
    [
        (["marketplace"], Role.MARKETPLACE, None, None),
        (["merchant", "--merchant", "m1"], Role.MERCHANT, "m1", None),
        (["customer", "--customer", "c1"], Role.CUSTOMER, None, "c1"),
        (["payments"], Role.PAYMENTS, None, None),
        (["logistics", "--merchant", "m1"], Role.LOGISTICS, "m1", None),
    ],
)
def test_a_token_is_good_at_the_server_of_its_data_folder(
    arguments: list[str], role: Role, merchant: str | None, customer: str | None
) -> None:
    token = said(run("token", "--role", *arguments)).splitlines()[-1]
    tokens = tokens_of(Settings())
    principal = tokens.verify(token)
    assert (principal.role, principal.merchant_id, principal.customer_id) == (role, merchant, customer)
    assert timedelta(hours=7.9) < principal.expires_at - datetime.now(UTC) <= timedelta(hours=8)


def test_the_first_token_of_a_folder_that_no_server_has_used_says_so() -> None:
    first, second = (run("token", "--role", "payments") for _ in range(2))
    assert re.fullmatch(r"Note: no server has run with \S+\.orderflow yet; .+\n", first.stderr)
    assert second.stderr == ""
    assert first.stdout.count(".") == 2


@pytest.mark.parametrize(("ttl", "length"), [("90s", 90), ("30m", 1800), ("2h", 7200), ("7d", 604800)])
def test_a_token_lasts_as_long_as_asked(ttl: str, length: int) -> None:
    token = said(run("token", "--role", "payments", "--ttl", ttl)).splitlines()[-1]
    tokens = tokens_of(Settings())
    left = (tokens.verify(token).expires_at - datetime.now(UTC)).total_seconds()
    assert length - 10 < left <= length


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--role", "payments", "--ttl", "8"], "Invalid value for '--ttl': write it like 30m, 8h or 7d."),
        (["--role", "payments", "--ttl", "0h"], "Invalid value for '--ttl': write it like 30m, 8h or 7d."),
    ],
)
def test_a_token_that_cannot_be_says_what_is_missing(arguments: list[str], sentence: str) -> None:
    assert refused(run("token", *arguments), code=2) == sentence


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["merchant"], "role 'merchant' needs a merchant_id"),
        (["customer"], "role 'customer' needs a customer_id"),
        (["marketplace", "--merchant", "m1"], "role 'marketplace' takes no merchant_id"),
        (["payments", "--customer", "c1"], "role 'payments' takes no customer_id"),
        (["customer", "--customer", "c1", "--merchant", "m1"], "role 'customer' takes no merchant_id"),
        (["logistics", "--merchant", "m1", "--customer", "c1"], "role 'logistics' takes no customer_id"),
        (["merchant", "--merchant", "m 1"], "a merchant_id has 1 to 64 letters, digits, - or _"),
        (["logistics", "--merchant", ""], "claim 'merchant_id' has no usable value"),
        (["payments", "--ttl", "999d"], "claim 'exp' is more than 366 days after 'iat'"),
    ],
)
def test_a_token_that_nobody_could_use_or_whose_ids_do_not_fit_its_role_is_not_made(
    arguments: list[str], why: str
) -> None:
    sentence = refused(run("token", "--role", *arguments), code=2)
    assert sentence == f"No token: {why}. The options are --merchant and --customer."


def test_where_keys_are_fetched_tokens_are_made_where_they_come_from() -> None:
    sentence = refused(run("token", "--role", "payments", ORDERFLOW_JWKS_URL="https://keys.example/jwks"))
    assert sentence.startswith("ORDERFLOW_JWKS_URL is set")


def test_production_refuses_to_make_up_a_secret() -> None:
    for command in (["token", "--role", "payments"], ["serve"], ["serve", "--demo"]):
        sentence = refused(run(*command, MONGODB_URI="mongodb://127.0.0.1:1/"))
        assert sentence.startswith("ORDERFLOW_JWT_SECRET is not set.")


def test_a_server_that_fetches_keys_needs_a_secret_for_its_cursors_and_an_address_to_be_sure_of() -> None:
    production = {"MONGODB_URI": "mongodb://127.0.0.1:1/", "ORDERFLOW_JWKS_URL": "http://keys.example/jwks"}
    assert refused(run("serve", **production)).startswith("ORDERFLOW_JWT_SECRET is not set.")
    sentence = refused(run("serve", **production, ORDERFLOW_JWT_SECRET="x" * 32))
    assert sentence.startswith("ORDERFLOW_JWKS_URL is not encrypted")


# serve, worker, demo: what keeps them from starting


def test_demo_orders_are_not_made_in_production() -> None:
    secret = "0123456789abcdef" * 2
    for command in (["demo"], ["serve", "--demo"]):
        sentence = refused(run(*command, MONGODB_URI="mongodb://127.0.0.1:1/", ORDERFLOW_JWT_SECRET=secret))
        assert sentence.startswith("Demo orders are for development")


def test_a_worker_needs_a_database_that_it_can_share() -> None:
    assert refused(run("worker")).startswith("MONGODB_URI is not set.")


def test_a_setting_that_cannot_be_used_is_named() -> None:
    sentence = refused(run("serve", ORDERFLOW_DRIVER="pigeon"))
    assert sentence == "ORDERFLOW_DRIVER is 'pigeon': expected motor or pymongo."


@pytest.mark.parametrize("uri", ["mongodb://", "mongodb://shop:99999/", "mongodb://a:b@c:d@e/"])
def test_the_address_of_a_database_that_is_none_is_named(uri: str) -> None:
    sentence = refused(run("demo", MONGODB_URI=uri, ORDERFLOW_ENV="development"))
    assert sentence.startswith("MONGODB_URI cannot be used: ")


def test_the_demo_is_filled_once(tmp_path: Path) -> None:
    first = orderflow("demo", "--data-dir", tmp_path)
    assert re.fullmatch(r"\d{3} demo orders were made\.\n", first.stdout), first.stderr
    again = orderflow("demo", "--data-dir", tmp_path)
    assert again.stdout == "All demo orders are there already.\n"


# schema


def test_the_schema_is_written_and_found_stale_when_it_is_not_the_codes(elsewhere: Path) -> None:
    file = elsewhere / "schema.graphql"
    assert "schema.graphql is missing: run `make schema`" in refused(run("schema", "--check"))
    said(run("schema"))
    assert "type Subscription {" in file.read_text()
    said(run("schema", "--check"))
    file.write_text(file.read_text().replace("orderEvents", "orderHappenings"))
    assert "schema.graphql is stale: run `make schema`" in refused(run("schema", "--check"))


# processes


def test_every_process_is_listed() -> None:
    lines = said(run("processes", "list")).splitlines()
    assert [line.split(":")[0] for line in lines] == [f"{name} {version}" for name, version in PROCESSES]


def test_a_process_is_shown_with_everything_that_it_says() -> None:
    shown = said(run("processes", "show", "marketplace-merchant"))
    for machine in MARKETPLACE_MERCHANT.machines:
        for code, state in machine.states.items():
            assert f"`{code}`" in shown
            assert state.meaning in shown
            for label in state.labels.values():
                assert label is None or label.text in shown
            for move in state.moves:
                assert f"`{move.event}`" in shown
                assert move.if_ is None or move.if_.asks in shown
                if move.trigger is Trigger.ACTOR:
                    assert f"| {', '.join(sorted(move.by))} |" in shown
    for pair in MARKETPLACE_MERCHANT.never:
        assert pair.because in shown


def test_tables_of_a_page_have_as_many_cells_in_each_row() -> None:
    for table in re.findall(r"(?:^\|.*\n)+", described(MARKETPLACE_MERCHANT), re.MULTILINE):
        rows = [re.split(r"(?<!\\)\|", row) for row in table.splitlines()]
        assert len({len(row) for row in rows}) == 1


def test_checking_tells_how_many_combinations_there_are_and_what_is_refused() -> None:
    lines = said(run("processes", "check")).splitlines()
    assert lines[0] == "marketplace-merchant, version 1"
    explored = [re.fullmatch(r"  (.+): (\d+) combinations explored", line) for line in lines]
    found = {match[1]: int(match[2]) for match in explored if match}
    assert found.keys() == {
        "marketplace × merchant",
        "marketplace × merchant-distribution",
        "complete",
        "chain-marketplace × chain × chain-merchant",
    }
    assert min(found.values()) >= 14
    assert any("refused at sent_to_merchant × left_merchant: cancel" in line for line in lines)


def test_checking_fails_and_says_what_is_wrong_with_a_broken_process(monkeypatch: pytest.MonkeyPatch) -> None:
    unlinked = replace(
        MARKETPLACE_MERCHANT,
        name="broken",
        links=tuple(link for link in MARKETPLACE_MERCHANT.links if link.tell is not Party.MARKETPLACE),
        machines=(MARKETPLACE_MERCHANT.machines[0], MERCHANT_MACHINE),
        variant_policy={},
    )
    monkeypatch.setattr(process_commands, "PROCESSES", {("broken", 1): unlinked})
    result = run("processes", "check")
    assert result.exit_code == 1
    assert re.search(r"^problem: .+", result.output, re.MULTILINE)


@pytest.mark.parametrize(("language", "start"), [("mermaid", "flowchart"), ("dot", "digraph")])
def test_a_process_is_drawn_in_two_languages(language: str, start: str) -> None:
    drawn = said(run("processes", "diagram", "marketplace-merchant", "--format", language))
    assert drawn.startswith(start)
    assert "sent_to_merchant" in drawn


def test_the_page_of_processes_is_written_and_found_stale_when_it_is_not_the_codes(elsewhere: Path) -> None:
    assert "is missing: run `make docs`" in refused(run("processes", "docs", "--check"))
    said(run("processes", "docs"))
    file = elsewhere / "docs/processes.md"
    assert "```mermaid" in file.read_text()
    said(run("processes", "docs", "--check"))
    file.write_text(file.read_text() + "More.\n")
    assert "is stale: run `make docs`" in refused(run("processes", "docs", "--check"))


def test_a_process_that_does_not_exist_is_answered_with_those_that_do() -> None:
    for command in ("show", "check", "diagram"):
        sentence = refused(run("processes", command, "nope"), code=2)
        known = "chain, complete, marketplace-merchant, marketplace-seller"
        assert sentence.endswith(f"there is no process 'nope'; there are: {known}.")
