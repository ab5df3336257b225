"""What the environment says, and where the secret for tokens comes from."""

import os
import stat
import threading
from pathlib import Path

import pytest

from domain.actors import Role
from graph.secret import signing_secret
from graph.settings import Settings, SettingsError
from graph.token_settings import tokens_of

LONG = "0123456789abcdef" * 2


def read(**environ: str) -> Settings:
    return Settings.from_environment(environ)


def test_without_any_variable_everything_has_a_value_that_works_on_a_laptop() -> None:
    settings = read()
    assert settings == Settings()
    assert settings.development
    assert (settings.database, settings.driver, settings.body_limit) == ("orderflow", "motor", 1_000_000)


def test_every_setting_has_a_variable_of_its_own_and_explains_itself_in_five_words() -> None:
    variables = Settings.variables()
    assert len({variable.name for variable in variables.values()}) == len(variables)
    for variable in variables.values():
        assert variable.name.startswith(("ORDERFLOW_", "MONGODB_")), variable
        assert 1 <= len(variable.says.split()) <= 5, variable


def test_variables_are_read_with_their_types_and_an_empty_one_counts_as_absent() -> None:
    settings = read(
        MONGODB_URI="mongodb://db",
        ORDERFLOW_DATABASE="",
        ORDERFLOW_DATA_DIR="/data",
        ORDERFLOW_DRIVER="pymongo",
        ORDERFLOW_ALLOWED_ORIGINS="https://a.example, https://b.example,",
        ORDERFLOW_INTROSPECTION="off",
        ORDERFLOW_BODY_LIMIT="2000",
        SOMETHING_ELSE="x",
    )
    assert settings.mongodb_uri == "mongodb://db"
    assert settings.database == "orderflow"
    assert settings.data_dir == Path("/data")
    assert settings.driver == "pymongo"
    assert settings.allowed_origins == ("https://a.example", "https://b.example")
    assert settings.introspection == "off"
    assert settings.body_limit == 2000


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("ORDERFLOW_DRIVER", "mysql"),
        ("ORDERFLOW_ENV", "prod"),
        ("ORDERFLOW_INTROSPECTION", "maybe"),
        ("ORDERFLOW_RATE_LIMIT", "-1"),
        ("ORDERFLOW_BODY_LIMIT", "1MB"),
        ("ORDERFLOW_BODY_LIMIT", "0"),
        ("ORDERFLOW_BODY_LIMIT", "-5"),
        ("ORDERFLOW_BODY_LIMIT", "²"),
        ("ORDERFLOW_INIT_TIMEOUT", "nan"),
        ("ORDERFLOW_DATABASE", "my shop"),
        ("ORDERFLOW_DATABASE", "a" * 64),
        ("ORDERFLOW_ALLOWED_ORIGINS", "shop.example"),
        ("ORDERFLOW_ALLOWED_ORIGINS", "https://shop.example/"),
    ],
)
def test_a_value_that_cannot_be_used_is_refused_by_its_variables_name(variable: str, text: str) -> None:
    with pytest.raises(SettingsError, match=f"{variable} is '{text}': expected"):
        read(**{variable: text})


def test_an_origin_with_a_slash_at_its_end_is_told_what_is_too_much() -> None:
    with pytest.raises(SettingsError, match=r"'http://localhost:5173/': .* without a slash at the end"):
        read(ORDERFLOW_ALLOWED_ORIGINS="http://localhost:5173/")


@pytest.mark.parametrize(
    ("environ", "development"),
    [
        ({}, True),
        ({"MONGODB_URI": "mongodb://db"}, False),
        ({"MONGODB_URI": "mongodb://db", "ORDERFLOW_ENV": "development"}, True),
        ({"ORDERFLOW_ENV": "production"}, False),
    ],
)
def test_a_named_database_means_production_unless_said_otherwise(
    environ: dict[str, str], development: bool
) -> None:
    assert read(**environ).development is development


@pytest.mark.parametrize(
    ("environ", "who"),
    [
        ({}, "on"),
        ({"ORDERFLOW_ENV": "production"}, "tokens"),
        ({"ORDERFLOW_ENV": "production", "ORDERFLOW_INTROSPECTION": "on"}, "on"),
        ({"ORDERFLOW_INTROSPECTION": "off"}, "off"),
    ],
)
def test_in_production_the_schema_is_for_who_has_a_token_unless_said_otherwise(
    environ: dict[str, str], who: str
) -> None:
    assert read(**environ).open_to == who


@pytest.mark.parametrize("text", ["off", "0"])
def test_a_limit_of_a_minute_can_be_switched_off(text: str) -> None:
    settings = read(ORDERFLOW_RATE_LIMIT=text, ORDERFLOW_ANONYMOUS_RATE_LIMIT="5")
    assert (settings.rate_limit, settings.anonymous_rate_limit) == (0, 5)


def test_no_secret_is_shown_when_settings_are_printed() -> None:
    shown = repr(read(MONGODB_URI="mongodb://user:hunter2@db", ORDERFLOW_JWT_SECRET=f"hunter2{LONG}"))
    assert "hunter2" not in shown


def test_production_refuses_to_start_without_a_secret() -> None:
    with pytest.raises(SettingsError, match="ORDERFLOW_JWT_SECRET is not set"):
        signing_secret(read(MONGODB_URI="mongodb://db"))


@pytest.mark.parametrize("environment", ["development", "production"])
def test_a_secret_shorter_than_32_bytes_is_refused_everywhere(environment: str) -> None:
    with pytest.raises(SettingsError, match="has 31 bytes; it needs at least 32"):
        signing_secret(read(ORDERFLOW_ENV=environment, ORDERFLOW_JWT_SECRET=LONG[1:]))
    assert signing_secret(read(ORDERFLOW_ENV=environment, ORDERFLOW_JWT_SECRET=LONG)) == LONG.encode()


def test_in_development_a_secret_is_made_once_and_kept_for_its_owner_alone(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "new" / "folder")
    secret = signing_secret(settings)
    assert len(secret) >= 32
    assert signing_secret(settings) == secret
    (file,) = settings.data_dir.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert signing_secret(Settings(data_dir=tmp_path / "other")) != secret


def test_a_token_minted_by_one_process_is_good_at_another_on_the_same_data_folder(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    command, server = (tokens_of(settings) for _ in range(2))
    assert server.verify(command.mint(Role.LOGISTICS)).role is Role.LOGISTICS


def test_processes_that_start_at_once_agree_on_one_secret(tmp_path: Path) -> None:
    made: list[bytes] = []
    start = threading.Barrier(8)

    def begin() -> None:
        start.wait()
        made.append(signing_secret(Settings(data_dir=tmp_path)))

    threads = [threading.Thread(target=begin) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 8
    assert len(set(made)) == 1
    assert os.listdir(tmp_path) == ["jwt-secret"]


def test_a_damaged_secret_file_is_not_used(tmp_path: Path) -> None:
    (tmp_path / "jwt-secret").write_text("")
    with pytest.raises(SettingsError, match="Delete it"):
        signing_secret(Settings(data_dir=tmp_path))
