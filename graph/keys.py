"""The keys that signatures are checked with. It must not know what a token says, nor where keys come from."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol

from joserfc.jwk import ECKey, OctKey, RSAKey


@dataclass(frozen=True, slots=True)
class VerifyingKey:
    """One key, good for one algorithm only; `kid` is its name among others, None where it has none."""

    algorithm: str
    kid: str | None
    key: OctKey | RSAKey | ECKey


@dataclass(frozen=True, slots=True, eq=False)
class KeySet:
    """Keys that are good together. Another set is another object, even of the same keys."""

    keys: tuple[VerifyingKey, ...] = ()

    def find(self, algorithm: str, kid: str | None) -> VerifyingKey | None:
        """The key of this name, for this algorithm; None unless there is exactly one.

        A token that does not name its key can mean the only one; a key without a name is good for any.
        """
        alone = len(self.keys) == 1
        fitting = [
            key
            for key in self.keys
            if key.algorithm == algorithm and (key.kid == kid or (alone and None in (kid, key.kid)))
        ]
        return fitting[0] if len(fitting) == 1 and (alone or kid is not None) else None


class Keys(Protocol):
    """Where the keys come from."""

    @property
    def algorithms(self) -> Collection[str]:
        """The only algorithms that tokens may be signed with."""
        ...

    @property
    def current(self) -> KeySet:
        """The keys that are good now: the same object as long as they are the same keys."""
        ...

    async def refreshed(self) -> bool:
        """Look whether there are others by now; False when they were looked for just before."""
        ...


class Secret:
    """One secret, shared by who signs and who checks: HS256 and nothing else."""

    algorithm = "HS256"
    algorithms = (algorithm,)

    def __init__(self, secret: bytes) -> None:
        self.key = OctKey.import_key(secret)
        self.current = KeySet((VerifyingKey(self.algorithm, None, self.key),))

    async def refreshed(self) -> bool:
        """A secret never changes while the server runs."""
        return False
