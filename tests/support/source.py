"""The package as text: its modules, what they import, their functions and comments."""

import ast
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = "kalshi_assistant"

FLOORS_BELOW_VENUES = (
    "domain",
    "quant",
    "market",
    "strategy",
    "risk",
    "execution",
    "engine",
)
"""The rooms of floors 0 to 4."""


@dataclass(frozen=True)
class Module:
    """One Python file."""

    path: Path

    @property
    def where(self) -> str:
        """The path from the root of the repository."""
        return self.path.relative_to(ROOT).as_posix()

    @property
    def name(self) -> str:
        """The dotted name; a package is named by its folder."""
        parts = list(self.path.relative_to(ROOT).with_suffix("").parts)
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    @property
    def room(self) -> str:
        """The room of the package this file lies in."""
        return self.name.split(".")[1] if "." in self.name else ""

    @cached_property
    def text(self) -> str:
        """What is written in it."""
        return self.path.read_text(encoding="utf-8")

    @cached_property
    def tree(self) -> ast.Module:
        """Its syntax."""
        return ast.parse(self.text)

    def imports(self) -> Iterator[str]:
        """Dotted names it imports; ``from a import b`` gives ``a`` and ``a.b``."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module is not None:
                yield node.module
                yield from (f"{node.module}.{alias.name}" for alias in node.names)

    def imports_at_once(self) -> Iterator[str]:
        """Dotted names it imports when it is read: outside functions, not for types alone."""
        for node in self.tree.body:
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module is not None:
                yield node.module

    def functions(self) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
        """Every function and method."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield node

    def comments(self) -> Iterator[tuple[int, str]]:
        """Line number and text of every comment."""
        with self.path.open("rb") as file:
            for token in tokenize.tokenize(file.readline):
                if token.type == tokenize.COMMENT:
                    yield token.start[0], token.string


@lru_cache
def modules(folder: str = PACKAGE) -> tuple[Module, ...]:
    """Every module below ``folder``, in order of its path."""
    return tuple(Module(path) for path in sorted((ROOT / folder).rglob("*.py")))
