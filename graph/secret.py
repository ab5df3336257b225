"""The installation's secret: it signs cursors, and tokens where no keys are fetched (ORDERFLOW_JWKS_URL).

It must not know what a token says.
"""

import logging
import os
import secrets
import tempfile
from pathlib import Path

from graph.settings import Settings, SettingsError

logger = logging.getLogger(__name__)

SHORTEST = 32
"""Bytes: HS256's own output size, below which guessing the secret is cheaper than breaking it."""


def signing_secret(settings: Settings) -> bytes:
    """The configured secret; in development without one, a random one kept in the data folder.

    So a token from `orderflow token` is valid at the running server, and still is after a restart.
    Raises SettingsError when the secret is too short, or absent in production. Design: api, "Who is asking".
    """
    if settings.jwt_secret is not None:
        given = settings.jwt_secret.encode()
        if len(given) < SHORTEST:
            raise SettingsError(
                f"ORDERFLOW_JWT_SECRET has {len(given)} bytes; it needs at least {SHORTEST}. "
                "`openssl rand -base64 48` makes a good one."
            )
        return given
    if not settings.development:
        raise SettingsError(
            f"ORDERFLOW_JWT_SECRET is not set. In production set it to at least {SHORTEST} bytes "
            "(`openssl rand -base64 48` makes a good one); for development set ORDERFLOW_ENV=development."
        )
    return _kept(_file(settings))


def is_still_to_be_made(settings: Settings) -> bool:
    """Whether nobody has started a server, or made a token, with these settings before."""
    return settings.jwt_secret is None and settings.development and not _file(settings).exists()


def _file(settings: Settings) -> Path:
    return settings.data_dir / "jwt-secret"


def _kept(file: Path) -> bytes:
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        # Written whole under another name (mode 0600) and then linked: of two processes that start at
        # once one wins, and neither reads half a secret.
        with tempfile.NamedTemporaryFile(dir=file.parent, prefix=f".{file.name}-") as draft:
            draft.write(secrets.token_urlsafe(48).encode())
            draft.flush()
            try:
                os.link(draft.name, file)
                logger.info("No ORDERFLOW_JWT_SECRET: made one for development in %s.", file)
            except FileExistsError:
                pass
    kept = file.read_bytes().strip()
    if len(kept) < SHORTEST:
        raise SettingsError(f"{file} is damaged. Delete it, and a new secret is made at the next start.")
    return kept
