"""What is wrong with something that was sent, before anything is done with it. Values only."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with what was sent, and where: ("lines", "3", "quantity")."""

    path: tuple[str, ...]
    message: str

    @property
    def rule(self) -> str:
        """The part of what was sent that is wrong: what refuses it is named after that."""
        return self.path[0]
