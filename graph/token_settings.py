"""From the settings to what checks tokens: whose keys are good, and for which issuer and audience."""

import httpx

from graph.fetched_keys import FetchedKeys
from graph.keys import Keys, Secret
from graph.secret import signing_secret
from graph.settings import Settings, SettingsError
from graph.tokens import Tokens
from storage.revocations import Revocations

_LOOPBACK = ("localhost", "127.0.0.1", "::1")


def keys_of(settings: Settings) -> Secret | FetchedKeys:
    """The keys behind ORDERFLOW_JWKS_URL where that is set, else the secret; never both.

    Raises SettingsError when there is no secret, or when nobody can be sure whose keys the address gives.
    """
    if settings.jwks_url is None:
        return Secret(signing_secret(settings))
    try:
        url = httpx.URL(settings.jwks_url)
    except httpx.InvalidURL:
        url = httpx.URL("")
    if not url.host or url.scheme not in ("https", "http") or url.userinfo:
        raise SettingsError("ORDERFLOW_JWKS_URL is no address of the web: write it like https://host/path.")
    if url.scheme == "http" and not (settings.development or url.host in _LOOPBACK):
        raise SettingsError(
            "ORDERFLOW_JWKS_URL is not encrypted: whoever sits in between could put in keys of their own."
            " Use https://, or http:// on this machine only."
        )
    return FetchedKeys(settings.jwks_url)


def tokens_of(
    settings: Settings, *, keys: Keys | None = None, revocations: Revocations | None = None
) -> Tokens:
    """What signs and checks tokens. `keys` are those of the settings unless given. Raises SettingsError."""
    return Tokens(
        keys or keys_of(settings),
        issuer=settings.jwt_issuer,
        audience=settings.jwt_audience,
        revocations=revocations,
    )
