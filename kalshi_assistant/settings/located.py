"""Values that know where they were written: the common form of file, environment and flags."""

from collections.abc import Mapping
from dataclasses import dataclass

from kalshi_assistant.domain.errors import OperatorError

Plain = str | int | float | bool | None | list["Plain"]
"""What a setting may be written as."""


@dataclass(frozen=True, slots=True)
class Located:
    """A value or a section of values, and where it stands.

    ``where`` is ``file:line:column``, the name of an environment variable, or a flag.
    """

    value: "Plain | dict[str, Located]"
    where: str


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: where it stands, which setting it is, and what to write instead."""

    where: str
    key: str
    text: str

    def line(self) -> str:
        """The problem as one line for people."""
        return f"{self.where}: {self.key} {self.text}" if self.key else f"{self.where}: {self.text}"


class SettingsError(OperatorError):
    """Settings that cannot be used; ``problems`` lists every one of them."""

    def __init__(self, problems: list[Problem]) -> None:
        count = f"{len(problems)} problems" if len(problems) > 1 else "1 problem"
        lines = [f"{count} in the settings:", *(f"  {problem.line()}" for problem in problems)]
        super().__init__("\n".join(lines))
        self.problems = tuple(problems)


def merge(below: Located, above: Located) -> Located:
    """``above`` laid over ``below``: sections are joined, values replaced."""
    if not isinstance(below.value, dict) or not isinstance(above.value, dict):
        return above
    joined = dict(below.value)
    for key, value in above.value.items():
        joined[key] = merge(joined[key], value) if key in joined else value
    return Located(joined, below.where)


def put(tree: dict[str, Located], path: list[str], leaf: Located) -> None:
    """Set the leaf at ``path``; sections on the way are made."""
    for name in path[:-1]:
        section = tree.get(name)
        if section is None or not isinstance(section.value, dict):
            section = tree[name] = Located({}, leaf.where)
        assert isinstance(section.value, dict)
        tree = section.value
    tree[path[-1]] = leaf


def from_flags(flags: Mapping[str, tuple[str, Plain]]) -> Located:
    """Values given on the command line: ``{setting: (flag, value)}``; ``None`` means not given."""
    return Located(
        {key: Located(value, flag) for key, (flag, value) in flags.items() if value is not None},
        "command line",
    )
