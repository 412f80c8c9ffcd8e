"""The configuration of a running process, read anew on demand: joins settings and runtime."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from kalshi_assistant.cli.folders import config_file
from kalshi_assistant.domain.errors import OperatorError

if TYPE_CHECKING:
    from kalshi_assistant.engine.settings import EngineSettings
    from kalshi_assistant.runtime.reloading import Proposal
    from kalshi_assistant.settings import Configuration, Settings

Applier = Callable[["Settings"], None]
"""Puts its section of these settings in force, or raises AssistantError and leaves all as it was.
"""
_HEAD: Final = """\
# Settings that were in force, all of them. Copy this over the configuration file to go back to it.
"""


class ConfigReloading:
    """A configuration file with the flags of this start; see ``runtime.reloading.Reloading``."""

    def __init__(
        self,
        given: Path | None,
        started: "Configuration",
        flags: Mapping[str, tuple[str, str]] | None = None,
        appliers: Mapping[str, Applier] | None = None,
    ) -> None:
        """``given``: the file named at the start, if one was; ``appliers`` by section, those
        outside the engine that may change in a running process.
        """
        self._given, self._started, self._flags = given, started, flags or {}
        self._appliers = appliers or {}
        self._inforce = inforce = started.settings
        self._before = inforce
        self._proposed = inforce

    def propose(self, running: "EngineSettings") -> "Proposal":
        """Read, check and compare; blocks. Raises OperatorError with every problem."""
        import msgspec

        from kalshi_assistant.runtime.reloading import Proposal
        from kalshi_assistant.settings import load
        from kalshi_assistant.settings.comparing import carried, compare
        from kalshi_assistant.settings.describe import written

        wanted = load(self._file(), flags=self._flags, channels=True).settings
        live = tuple(self._appliers)
        found = compare(running, self._inforce, wanted, live)
        try:
            engine, self._proposed = carried(running, self._inforce, wanted, found, live)
        except msgspec.ValidationError as error:
            raise OperatorError(
                f"what may be applied now does not go together without a restart: {error}"
            ) from error
        text = _HEAD + written(self._proposed)
        return Proposal(changes=found, engine=engine, text=text)

    def _file(self) -> Path | None:
        """The configuration file, which may have come to be since the start, but not gone."""
        file = config_file(self._given)
        if file is None and self._started.file is not None:
            raise OperatorError(f"{self._started.file} is gone; put it back, or restart without it")
        return file

    def written(self) -> str:
        """The settings in force as a configuration file."""
        from kalshi_assistant.settings.describe import written

        return _HEAD + written(self._inforce)

    def apply(self) -> None:
        """Put the last proposal in force outside the engine. Raises AssistantError."""
        self._before, self._inforce = self._inforce, self._proposed
        for name, applier in self._appliers.items():
            if getattr(self._inforce, name) != getattr(self._before, name):
                applier(self._inforce)

    def take_back(self) -> None:
        """Undo ``apply``: what was in force before it is again."""
        given, self._inforce = self._inforce, self._before
        for name, applier in self._appliers.items():
            if getattr(given, name) != getattr(self._before, name):
                applier(self._before)
