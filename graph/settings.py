"""Every setting of the server, read from the environment once. It must not know what they are used for."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args, get_type_hints

Driver = Literal["motor", "pymongo"]
Environment = Literal["development", "production"]
LogStyle = Literal["text", "json"]
Introspection = Literal["on", "tokens", "off"]
"""Who may read the schema: everybody, whoever sends a good token, or nobody."""

HttpProfile = Literal["audited", "draft"]


class SettingsError(ValueError):
    """A setting cannot be used. The message names the variable and says what would do."""


def _one_of(choices: tuple[str, ...]) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in choices:
            raise ValueError(f"expected {' or '.join(choices)}")
        return text

    return read


def _switch(text: str) -> bool:
    if text.lower() not in ("on", "off", "true", "false", "1", "0", "yes", "no"):
        raise ValueError("expected on or off")
    return text.lower() in ("on", "true", "1", "yes")


def _listed(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _origins(text: str) -> tuple[str, ...]:
    origins = _listed(text)
    if not all(re.fullmatch(r"\*|https?://[^\s/?#@:]+(:\d{1,5})?", each) for each in origins):
        wanted = "expected origins like https://shop.example without a slash at the end, separated by commas"
        raise ValueError(wanted)
    return origins


def _database_name(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,63}", text):
        raise ValueError("expected letters, digits, - and _, at most 63 of them")
    return text


def _positive(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) == 0:
        raise ValueError("expected a whole number above zero")
    return int(text)


def _amount(text: str) -> int:
    if text.lower() in ("0", "off"):
        return 0
    try:
        return _positive(text)
    except ValueError as error:
        raise ValueError(f"{error}, or off") from None


@dataclass(frozen=True, slots=True)
class Variable:
    """The environment variable of a setting, what it is for in five words, and how its text is read."""

    name: str
    says: str
    read: Callable[[str], object] = str


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the server is told from outside: sizes in bytes, times in seconds.

    Secrets stay out of `repr`, so that no log shows them.
    """

    mongodb_uri: Annotated[str | None, Variable("MONGODB_URI", "Database; embedded when absent")] = field(
        default=None, repr=False
    )
    database: Annotated[str, Variable("ORDERFLOW_DATABASE", "Name of the database", _database_name)] = (
        "orderflow"
    )
    data_dir: Annotated[Path, Variable("ORDERFLOW_DATA_DIR", "Where embedded data lives", Path)] = Path(
        ".orderflow"
    )
    driver: Annotated[
        Driver, Variable("ORDERFLOW_DRIVER", "Which database driver works", _one_of(get_args(Driver)))
    ] = "motor"
    environment: Annotated[
        Environment | None,
        Variable("ORDERFLOW_ENV", "Development or production", _one_of(get_args(Environment))),
    ] = None
    jwt_secret: Annotated[str | None, Variable("ORDERFLOW_JWT_SECRET", "Signs tokens; 32+ bytes")] = field(
        default=None, repr=False
    )
    jwks_url: Annotated[str | None, Variable("ORDERFLOW_JWKS_URL", "Whose public keys check tokens")] = None
    jwt_issuer: Annotated[str, Variable("ORDERFLOW_JWT_ISSUER", "Who signs accepted tokens")] = "orderflow"
    jwt_audience: Annotated[str, Variable("ORDERFLOW_JWT_AUDIENCE", "Whom accepted tokens address")] = (
        "orderflow"
    )
    allowed_origins: Annotated[
        tuple[str, ...], Variable("ORDERFLOW_ALLOWED_ORIGINS", "Other origins browsers use", _origins)
    ] = ()
    introspection: Annotated[
        Introspection | None,
        Variable("ORDERFLOW_INTROSPECTION", "Who may read the schema", _one_of(get_args(Introspection))),
    ] = None
    graphiql: Annotated[bool | None, Variable("ORDERFLOW_GRAPHIQL", "Show browsers GraphiQL", _switch)] = None
    http_profile: Annotated[
        HttpProfile,
        Variable("ORDERFLOW_HTTP_PROFILE", "Statuses: audited or draft", _one_of(get_args(HttpProfile))),
    ] = "audited"
    body_limit: Annotated[int, Variable("ORDERFLOW_BODY_LIMIT", "Largest request body, bytes", _positive)] = (
        1_000_000
    )
    upload_limit: Annotated[
        int, Variable("ORDERFLOW_UPLOAD_LIMIT", "Largest request with file, bytes", _positive)
    ] = 268_435_456
    message_limit: Annotated[
        int, Variable("ORDERFLOW_MESSAGE_LIMIT", "Largest WebSocket message, bytes", _positive)
    ] = 65_536
    cost_ceiling: Annotated[
        int, Variable("ORDERFLOW_COST_CEILING", "Points one operation may cost", _positive)
    ] = 20_000
    rate_limit: Annotated[int, Variable("ORDERFLOW_RATE_LIMIT", "Points a minute per principal", _amount)] = (
        240_000
    )
    anonymous_rate_limit: Annotated[
        int, Variable("ORDERFLOW_ANONYMOUS_RATE_LIMIT", "The same per tokenless address", _amount)
    ] = 24_000
    operations_limit: Annotated[
        int, Variable("ORDERFLOW_OPERATIONS_LIMIT", "Operations at once per WebSocket", _positive)
    ] = 100
    init_timeout: Annotated[
        float, Variable("ORDERFLOW_INIT_TIMEOUT", "Seconds until connection_init's due", _positive)
    ] = 10
    log: Annotated[
        LogStyle | None, Variable("ORDERFLOW_LOG", "Log lines: text or json", _one_of(get_args(LogStyle)))
    ] = None
    metrics: Annotated[bool, Variable("ORDERFLOW_METRICS", "Serve numbers at /metrics", _switch)] = True
    tracing: Annotated[bool, Variable("ORDERFLOW_TRACING", "Send traces by OpenTelemetry", _switch)] = False

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Self:
        """Reads the variables; empty counts as absent. Raises SettingsError naming the one at fault."""
        given: dict[str, Any] = {}
        for name, variable in cls.variables().items():
            if text := environ.get(variable.name, "").strip():
                try:
                    given[name] = variable.read(text)
                except ValueError as error:
                    raise SettingsError(f"{variable.name} is {text!r}: {error}.") from None
        return cls(**given)

    @classmethod
    def variables(cls) -> dict[str, Variable]:
        """Each setting's variable, by the setting's name."""
        hints = get_type_hints(cls, include_extras=True)
        return {name: hint.__metadata__[0] for name, hint in hints.items()}

    @property
    def development(self) -> bool:
        """Development if it says so, or if it says nothing and no database is named."""
        return (self.environment or ("production" if self.mongodb_uri else "development")) == "development"

    @property
    def open_to(self) -> Introspection:
        """Who may read the schema: as set, else everybody in development and who has a token elsewhere."""
        return self.introspection or ("on" if self.development else "tokens")

    @property
    def log_style(self) -> LogStyle:
        """How the log is written: as it is set, else for people in development and for machines elsewhere."""
        return self.log or ("text" if self.development else "json")

    @property
    def shows_graphiql(self) -> bool:
        """Whether browsers get the page: as it is set, else in development only."""
        return self.development if self.graphiql is None else self.graphiql
