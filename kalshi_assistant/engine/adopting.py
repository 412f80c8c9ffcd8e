"""Settings that change while the engine runs: taken as a whole, or not at all.

The engine is the last to look: an event that would loosen a limit, or change what must not change,
is refused here whoever sent it.
"""

import msgspec

from kalshi_assistant.domain.events import SettingsChanged
from kalshi_assistant.domain.intents import Intent, Note
from kalshi_assistant.engine.changes import Change, changes
from kalshi_assistant.engine.markets import reblock
from kalshi_assistant.engine.settings import EngineSettings, from_json
from kalshi_assistant.engine.state import State
from kalshi_assistant.quant.layout import M_SIZE, R_THRESHOLD
from kalshi_assistant.strategy.signals import set_latency, set_question


def settings_changed(state: State, event: SettingsChanged) -> tuple[Intent, ...]:
    """A person changed the settings: from the next evaluation on they are in force."""
    try:
        wanted = from_json(event.settings)
    except msgspec.DecodeError as error:
        return _refused(state, f"they cannot be read: {error}")
    if wanted.digest != event.config:
        return _refused(state, "they are not the ones their name says")
    found = changes(state.settings, wanted)
    wrong = [each for each in found if each.effect != "now"]
    if wrong:
        return _refused(state, f"{wrong[0].key} may not change in a running engine")
    if not found:
        return ()
    _adopt(state, wanted)
    text = f"settings {state.config} from here on: {', '.join(map(in_words, found))}"
    state.story.tell(state.now, "info", "settings", text)
    return (Note("info", "settings", text),)


def in_words(change: Change) -> str:
    """One change, old before new."""
    return f"{change.key} {change.before} -> {change.after}"


def _refused(state: State, why: str) -> tuple[Intent, ...]:
    text = f"changed settings were refused: {why}"
    state.story.tell(state.now, "error", "settings", text)
    return (Note("error", "settings", text),)


def _adopt(state: State, wanted: EngineSettings) -> None:
    """Everywhere where a setting was written down; what only reads ``state.settings`` follows."""
    state.settings, state.config = wanted, wanted.digest
    index = state.index
    set_question(wanted.signal, index.array, index.real)
    set_latency(wanted.signal, index.real, state.own_p95)
    index.real[R_THRESHOLD] = state.threshold  # more while the index is an estimate
    index.adopt(wanted.number)
    state.breakers.adopt(wanted.risk)
    state.reaction.adopt(wanted.signal.delay)
    for market in state.markets.values():
        market.book.array[M_SIZE] = wanted.signal.quantity
    reblock(state)
