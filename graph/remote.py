"""The options of the commands that ask a server: where it is, and the token to show it."""

from collections.abc import Mapping

import click

URL = "ORDERFLOW_URL"
TOKEN = "ORDERFLOW_TOKEN"  # noqa: S105 - the variable's name

VARIABLES = frozenset({URL, TOKEN})
"""The variables that these options read. They are the person's own, and no settings of a server."""

WHERE = f"Is it running? --url or {URL} says where."
"""What ends the sentence that there is no server."""

url = click.option(
    "--url",
    envvar=URL,
    default="http://127.0.0.1:8000",
    show_default=True,
    show_envvar=True,
    help="Where the server is.",
)
token = click.option(
    "--token", envvar=TOKEN, show_envvar=True, help="Who you are; `orderflow token` prints one."
)


def authorization(token: str | None) -> Mapping[str, str]:
    """The headers that show the token. Raises UsageError when none was given, or what can be none."""
    token = (token or "").strip()  # a file that it was read from may end with a line break
    if not token:
        raise click.UsageError(f"This needs a token: give --token, or set {TOKEN}.")
    if not (token.isascii() and token.isprintable()):
        raise click.UsageError("The token holds a character that is in none. Copy it once more.")
    return {"Authorization": f"Bearer {token}"}
