"""Errors that fail a whole field: asked in the wrong role, or for a page that no list has."""

from collections.abc import Collection

from graphql import GraphQLError

from domain.actors import Role


class Forbidden(GraphQLError):
    """This part of the API is for other roles. Roles are public knowledge, ids are not."""

    def __init__(self, allowed: Collection[Role]) -> None:
        roles = " or ".join(role.name for role in allowed)
        super().__init__(
            f"This is for the role {roles}; send a token of that role.", extensions={"code": "FORBIDDEN"}
        )


class BadInput(GraphQLError):
    """An argument cannot be used; the sentence says what would do."""

    def __init__(self, message: str) -> None:
        super().__init__(message, extensions={"code": "BAD_USER_INPUT"})
