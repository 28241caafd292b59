"""The base of every resource: inputs that name a state of a system, and how to bring it about."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from provider.systems.connections import Connections

Inputs = Mapping[str, Any]
Kind = Literal["string", "number", "list", "object"]


class Resource(ABC):
    """Holds no state: one instance serves all threads.

    Making and changing is the same (`apply`), and adopts what is there already: an engine that was killed between an
    action and its record repeats the action.
    """

    inputs: ClassVar[Mapping[str, Kind]]
    optional: ClassVar[frozenset[str]] = frozenset()
    identifying: ClassVar[frozenset[str]]
    """A change of these means another thing: made anew, then the old one is removed."""
    computed: ClassVar[frozenset[str]] = frozenset()
    """What is told beyond the inputs."""
    secret: ClassVar[frozenset[str]] = frozenset()
    """Computed values that are encrypted in the state; they cannot be read back, so a refresh leaves them alone."""
    sound: ClassVar[Mapping[str, Any]] = {}
    """Computed values that must be so; anything else, found by a refresh, is repaired by the next update."""

    @property
    def name(self) -> str:
        return type(self).__name__

    @abstractmethod
    def identity(self, inputs: Inputs) -> str:
        """The resource's id, derived from its inputs."""

    @abstractmethod
    def apply(self, at: Connections, inputs: Inputs, before: Inputs) -> Inputs:
        """Bring it about; returns all properties. `before` are those of the last time, empty at creation."""

    @abstractmethod
    def observe(self, at: Connections, identity: str, state: Inputs) -> Inputs | None:
        """All properties as they are now; None when it is not there. `state` is empty for an import."""

    @abstractmethod
    def remove(self, at: Connections, state: Inputs) -> None:
        """Take away what `apply` made, and only that; fine when it is not there."""
