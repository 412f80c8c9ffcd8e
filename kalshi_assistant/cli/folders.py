"""Where things are kept: the user's own folders, never the current one by accident."""

import re
from dataclasses import asdict, dataclass
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Final

import platformdirs

import kalshi_assistant

if TYPE_CHECKING:
    from kalshi_assistant.settings import Configuration

_NAME: Final = "kalshi-assistant"
_FILE_NAME: Final = re.compile(r"[A-Za-z0-9-]{1,64}")


@dataclass(frozen=True, slots=True)
class Folders:
    """The folders in force; none of them need exist yet."""

    config: Path
    state: Path
    """Ledger, locks and control socket of one environment and account."""
    data: Path
    """Journals and recordings."""
    cache: Path
    """Compiled code; may be deleted at any time."""
    logs: Path

    def as_text(self) -> dict[str, str]:
        """The folders by name."""
        return {name: str(path) for name, path in asdict(self).items()}


def config_dir() -> Path:
    """The folder in which ``config.yaml`` is looked for."""
    return platformdirs.user_config_path(_NAME, appauthor=False)


def config_file(given: Path | None) -> Path | None:
    """The configuration file: the one ``given``, else the user's own if there is one."""
    if given is not None:
        return given.expanduser()
    own = config_dir() / "config.yaml"
    return own if own.exists() else None


def compiled_code(beside: Path | None = None) -> Path:
    """Where numba keeps machine code of just these sources, ``beside`` a folder of its own.

    Numba looks only at the file a function stands in, so a constant changed in another file would
    go on living in old machine code; here other sources are another folder.
    """
    sources = blake2b(digest_size=8)
    for path in sorted((Path(kalshi_assistant.__file__).parent / "quant").glob("*.py")):
        sources.update(path.name.encode() + path.read_bytes())
    cache = platformdirs.user_cache_path(_NAME, appauthor=False) if beside is None else beside
    return cache / "compiled" / sources.hexdigest()


def checkout() -> Path | None:
    """The root of the checkout this runs from; ``None`` for an installed package."""
    root = Path(kalshi_assistant.__file__).parent.parent
    return root if (root / "logs" / ".gitignore").exists() else None


def account_name(key_id: str | None) -> str:
    """The folder of an account: its key id, or a digest where that is no file name."""
    if key_id is None:
        return "keyless"
    if _FILE_NAME.fullmatch(key_id):
        return key_id
    return blake2b(key_id.encode(), digest_size=8).hexdigest()


def _logs() -> Path:
    root = checkout()
    return platformdirs.user_log_path(_NAME, appauthor=False) if root is None else root / "logs"


def folders(configuration: "Configuration") -> Folders:
    """The folders of these settings; state is kept apart by environment and account."""
    settings = configuration.settings
    state = settings.state_dir or platformdirs.user_state_path(_NAME, appauthor=False)
    return Folders(
        config=config_dir() if configuration.file is None else configuration.file.parent,
        state=state / settings.environment / account_name(settings.key_id),
        data=settings.data_dir or platformdirs.user_data_path(_NAME, appauthor=False),
        cache=platformdirs.user_cache_path(_NAME, appauthor=False),
        logs=settings.log_dir or _logs(),
    )
