"""Where things are kept: the user's own folders, never the current one by accident."""

import re
from dataclasses import asdict, dataclass, replace
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

import platformdirs

import kalshi_assistant
from kalshi_assistant.domain.errors import OperatorError

if TYPE_CHECKING:
    from kalshi_assistant.settings import Configuration

_NAME: Final = "kalshi-assistant"
_KEYLESS: Final = "keyless"
_PAPER: Final = "paper"
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


def tapes(given: Path | None) -> Path:
    """Where the decoded past is kept: in the folder ``given``, else in the user's cache."""
    cache = platformdirs.user_cache_path(_NAME, appauthor=False) if given is None else given
    return cache.expanduser() / "tapes"


def checkout() -> Path | None:
    """The root of the checkout this runs from; ``None`` for an installed package."""
    root = Path(kalshi_assistant.__file__).parent.parent
    return root if (root / "logs" / ".gitignore").exists() else None


def account_name(key_id: str | None) -> str:
    """The folder of an account: its key id, or a digest where that is no file name."""
    if key_id is None:
        return _KEYLESS
    if _FILE_NAME.fullmatch(key_id) and key_id not in (_KEYLESS, _PAPER):
        return key_id
    return blake2b(key_id.encode(), digest_size=8).hexdigest()


def _logs() -> Path:
    root = checkout()
    return platformdirs.user_log_path(_NAME, appauthor=False) if root is None else root / "logs"


def state_root() -> Path:
    """The folder of all state, where no other is named."""
    return platformdirs.user_state_path(_NAME, appauthor=False)


def accounts_below(root: Path, environment: str | None) -> list[Path]:
    """The state folders of every account that has one, of one environment or of all."""
    pattern = "*/*" if environment is None else f"{environment}/*"
    return sorted(path for path in root.glob(pattern) if path.is_dir())


def folders(configuration: "Configuration") -> Folders:
    """The folders of these settings; state is kept apart by environment and account."""
    settings = configuration.settings
    state = settings.state_dir or state_root()
    return Folders(
        config=config_dir() if configuration.file is None else configuration.file.parent,
        state=state / settings.environment / account_name(settings.key_id),
        data=settings.data_dir or platformdirs.user_data_path(_NAME, appauthor=False),
        cache=platformdirs.user_cache_path(_NAME, appauthor=False),
        logs=settings.log_dir or _logs(),
    )


def journals(places: Folders) -> Path:
    """The folder with one folder of journals for every environment."""
    return places.data / "journals"


def ledger_path(places: Folders, mode: Literal["paper", "live"]) -> Path:
    """The ledger of an environment: of its account, or of paper, which is nobody's account."""
    folder = places.state if mode == "live" else places.state.parent / _PAPER
    return folder / "ledger.sqlite"


def configuration_of(
    environment: str | None,
    state_dir: Path | None,
    config: Path | None,
    *,
    channels: bool = False,
) -> "Configuration":
    """The settings of an engine that runs or ran, to find its folders; its venue need not be
    reachable. ``channels``: what alerts log in with is needed, too. Raises OperatorError.
    """
    from kalshi_assistant.settings import load

    flags = {} if state_dir is None else {"state_dir": ("--state-dir", str(state_dir))}
    configuration = load(config_file(config), flags=flags, channels=channels)
    settings = configuration.settings
    match environment:
        case None:
            pass
        case "local":  # its key is in the exchange's own file
            settings = replace(settings, environment="local", key_id=None)
        case "prod" | "demo":
            settings = replace(settings, environment=environment)
        case _:
            raise OperatorError(f"--env is {environment!r}; write prod, demo or local")
    return replace(configuration, settings=settings)
