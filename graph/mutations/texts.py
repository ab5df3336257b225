"""Texts in inputs that are kept as they are: how long they may be, and what an address of the web is."""

from collections.abc import Iterator, Mapping

from strawberry.utils.str_converters import to_camel_case

from graph.errors import OrderError, invalid

LONGEST = 200
"""Characters of a name, a number or a short text."""
_LONGEST_URL = 2_000
_WEB = ("https://", "http://")


def trimmed(text: str | None) -> str | None:
    """Return the text without blanks around it; None where nothing is left."""
    return (text or "").strip() or None


def wrong_texts(sent: object, most: Mapping[str, int], *path: str) -> Iterator[OrderError]:
    """Yield which of these texts (a name of a field: how many characters) of an input are too long."""
    for name, characters in most.items():
        if len(getattr(sent, name) or "") > characters:
            yield invalid(f"This can have {characters} characters at most.", *path, to_camel_case(name))


def wrong_url(text: str | None, *path: str) -> Iterator[OrderError]:
    """Yield what is wrong with an address that people will follow: nothing but the web is taken."""
    url = trimmed(text)
    if url is None:
        return
    if len(url) > _LONGEST_URL or not url.lower().startswith(_WEB) or not url.isprintable():
        yield invalid(
            f"An address begins with https:// or http:// and has at most {_LONGEST_URL} characters.", *path
        )
