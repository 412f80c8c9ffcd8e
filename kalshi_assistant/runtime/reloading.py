"""New settings for a running engine: read and checked, kept on disk, then taken by the engine.

What is refused changes nothing. Everything that can fail comes before the engine is told, and is
taken back when a later step fails; the engine's own answer, an event in its journal, is the last.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import msgspec

from kalshi_assistant.control.protocol import CommandReply, CommandRequest
from kalshi_assistant.domain.errors import AssistantError
from kalshi_assistant.domain.events import Event, SettingsChanged
from kalshi_assistant.engine.changes import Change
from kalshi_assistant.engine.engine import Engine
from kalshi_assistant.engine.settings import EngineSettings
from kalshi_assistant.runtime.clock import Clock
from kalshi_assistant.runtime.config_versions import ConfigVersions

DRY: Final = "dry"
"""The argument that only asks what would change."""
TAKEN_SECONDS: Final = 5.0
LOOK_SECONDS: Final = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What the configuration says now, against what is in force."""

    changes: tuple[Change, ...]
    engine: EngineSettings
    """With all that may be applied now."""
    text: str
    """The settings that would be in force, as a configuration file."""


class Reloading(Protocol):
    """The configuration of this process and the parts of it that the engine does not know."""

    def propose(self, running: EngineSettings) -> Proposal:
        """Read it anew; blocks. Raises OperatorError with every problem."""

    def written(self) -> str:
        """The settings in force as a configuration file."""

    def apply(self) -> None:
        """Put the last proposal in force outside the engine. Raises AssistantError."""

    def take_back(self) -> None:
        """Undo ``apply``."""


class Reloader:
    """Carries a change of settings through, one at a time."""

    def __init__(
        self,
        source: Reloading,
        engine: Engine,
        put: Callable[[Sequence[Event]], None],
        clock: Clock,
        versions: ConfigVersions,
        adopted: Callable[[EngineSettings], None],
        tell: Callable[[str], None],
    ) -> None:
        """``adopted`` is told of settings that are in force."""
        self._source, self._engine, self._put, self._clock = source, engine, put, clock
        self._versions, self._adopted, self._tell = versions, adopted, tell
        self._turn = asyncio.Lock()

    def begin(self) -> None:
        """Keep the settings of the start; a disk that refuses does not stop it."""
        try:
            self._versions.keep(self._source.written(), self._engine.settings.digest)
            self._versions.prune()
        except AssistantError as error:
            self._tell(f"the settings of this start are not kept: {error}")

    async def answer(self, request: CommandRequest) -> CommandReply:
        """Read the configuration anew and apply it, or only say what would change (``dry``)."""
        async with self._turn:
            try:
                running = self._engine.settings
                proposal = await asyncio.to_thread(self._source.propose, running)
                return await self._carry(request, proposal)
            except AssistantError as error:
                text = f"nothing was changed: {error}"
                data = _data(False, text, (), exit_code=error.exit_code)
                return CommandReply(request.id, ok=False, text=text, data=data)

    async def _carry(self, request: CommandRequest, proposal: Proposal) -> CommandReply:
        found = proposal.changes
        digest, version = self._engine.settings.digest, None
        ok = not any(each.effect == "looser" for each in found)
        if ok and request.argument != DRY and any(each.effect == "now" for each in found):
            version = await self._apply(proposal)
            digest = proposal.engine.digest
        text = in_words(found, digest, version)
        return CommandReply(
            request.id, ok=ok, text=text, data=_data(ok, text, found, digest, version)
        )

    async def _apply(self, proposal: Proposal) -> int:
        """The number under which the settings are kept. Raises AssistantError: nothing changed."""
        digest = proposal.engine.digest
        kept = self._versions.keep(proposal.text, digest)
        try:
            self._source.apply()
            await self._tell_engine(proposal.engine)
        except AssistantError:
            self._source.take_back()
            self._versions.forget(kept)
            raise
        self._adopted(proposal.engine)
        try:
            self._versions.prune()
        except AssistantError as error:
            self._tell(f"old settings stay on the disk: {error}")
        return kept.number

    async def _tell_engine(self, wanted: EngineSettings) -> None:
        """Have the engine take it. Raises AssistantError where it did not."""
        if wanted == self._engine.settings:
            return
        now = self._clock.now()
        self._put([SettingsChanged(now, now, wanted.as_json(), wanted.digest)])
        try:
            async with asyncio.timeout(TAKEN_SECONDS):
                while self._engine.settings != wanted:  # noqa: ASYNC110  # it tells nobody
                    await asyncio.sleep(LOOK_SECONDS)
        except TimeoutError as error:
            raise AssistantError("the engine did not take it; its log says why") from error


def in_words(found: Sequence[Change], digest: str, version: int | None) -> str:
    """What a person reads of a reload; ``version`` is ``None`` where nothing was applied."""
    looser = [each for each in found if each.effect == "looser"]
    now = [each for each in found if each.effect == "now"]
    later = [each for each in found if each.effect == "restart"]
    parts = []
    if looser:
        parts += ["nothing was changed; these allow more than what is in force:", *_rows(looser)]
        parts += [LOOSER]
        return "\n".join(
            [*parts, *(["these would have been applied:", *_rows(now)] if now else [])]
        )
    if version is not None:
        parts += [f"in force: settings {digest}, kept as version {version}:", *_rows(now)]
    elif now:
        parts += ["would be applied:", *_rows(now)]
    else:
        parts += [f"nothing to apply: settings {digest} stay in force"]
    if later:
        parts += ["these wait for a restart:", *_rows(later)]
    return "\n".join(parts)


LOOSER: Final = (
    "a running engine only gets tighter: end it and start it again, where live trading asks for "
    "its phrase at the machine, or leave these as they were and reload"
)


def _rows(found: Sequence[Change]) -> list[str]:
    width = max(len(each.key) for each in found)
    return [
        f"  {each.key:<{width}}  {_value(each.before)} -> {_value(each.after)}" for each in found
    ]


def _value(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _data(
    ok: bool,
    text: str,
    found: Sequence[Change],
    digest: str | None = None,
    version: int | None = None,
    exit_code: int = 1,
) -> str:
    changes = [each._asdict() for each in found]
    applied = version is not None
    values: dict[str, object] = {
        "ok": ok,
        "applied": applied,
        "config": digest,
        "version": version,
    }
    if not ok:
        values["exit_code"] = exit_code
    return msgspec.json.encode({**values, "changes": changes, "text": text}).decode()
