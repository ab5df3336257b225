"""What to change in a stored document so that it becomes another one: update operators by path.

Only what differs is named, so that two merchants of one order never overwrite each other. Knows no fields.
"""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from storage.client import Document

_MANY = 100
"""More paths than this cost a database more to follow one by one than to write the items they lead into."""


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> Document:
    """Return `$set` and `$unset` that turn `before` into `after`; empty when they are equal.

    A list is changed item by item, and grows by setting the index after its last, as long as its items keep
    their places (told by `id`, without one by being equal); any other list is set whole. (`$push` cannot
    stand in one update with a change inside the same list; the version in the filter is what makes the
    index safe.) Where very many paths change, each list item that they lead into is set whole.
    """
    put: Document = {}
    drop: Document = {}
    _compare_documents("", before, after, put, drop)
    if len(put) + len(drop) > _MANY:
        put, drop = _by_item(put, drop, after)
    return {operator: paths for operator, paths in (("$set", put), ("$unset", drop)) if paths}


def _compare_documents(
    path: str, before: Mapping[str, Any], after: Mapping[str, Any], put: Document, drop: Document
) -> None:
    for name in before.keys() - after.keys():
        drop[f"{path}{name}"] = ""
    for name, value in after.items():
        if name not in before:
            put[f"{path}{name}"] = value
        else:
            _compare(f"{path}{name}", before[name], value, put, drop)


def _by_item(put: Document, drop: Document, after: Mapping[str, Any]) -> tuple[Document, Document]:
    """Return what to put and to drop with one path for each item of the document's lists."""
    whole: Document = {}
    gone: Document = {}
    for path in (*put, *drop):
        name, *inside = path.split(".", 2)
        if inside and isinstance(after[name], list):
            whole[f"{name}.{inside[0]}"] = after[name][int(inside[0])]
        elif path in put:
            whole[path] = put[path]
        else:
            gone[path] = drop[path]
    return whole, gone


def _compare(path: str, before: Any, after: Any, put: Document, drop: Document) -> None:
    if isinstance(before, dict) and isinstance(after, dict):
        _compare_documents(f"{path}.", cast("Document", before), cast("Document", after), put, drop)
    elif isinstance(before, list) and isinstance(after, list):
        _compare_lists(path, cast("list[Any]", before), cast("list[Any]", after), put, drop)
    elif before != after:
        put[path] = after


def _compare_lists(path: str, before: list[Any], after: list[Any], put: Document, drop: Document) -> None:
    if before == after:
        return
    if not _keeps_places(before, after):
        put[path] = after
        return
    for i, value in enumerate(after):
        if i < len(before):
            _compare(f"{path}.{i}", before[i], value, put, drop)
        else:
            put[f"{path}.{i}"] = value


def _keeps_places(before: Sequence[Any], after: Sequence[Any]) -> bool:
    return len(before) <= len(after) and all(
        old == new or (_id(old) is not None and _id(old) == _id(new))
        for old, new in zip(before, after, strict=False)
    )


def _id(item: Any) -> Any:
    return cast("Document", item).get("id") if isinstance(item, dict) else None
