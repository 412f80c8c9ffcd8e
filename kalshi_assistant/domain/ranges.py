"""Settings that check themselves: frozen dataclasses whose fields carry their bounds and one line
of comment.

    @dataclass(frozen=True, slots=True, kw_only=True)
    class SignalSettings:
        threshold_dollars: float = setting(0.02, "net edge per contract a signal needs", ge=0, le=1)

        def __post_init__(self) -> None:
            check_ranges(self)

``config.example.yaml`` is written from these comments, and the settings reader lists every
violation at once.
"""

from dataclasses import Field, field, fields
from typing import Any


class RangeError(ValueError):
    """Settings outside their bounds: ``problems`` holds ``(field, what is wrong and what to
    write)``.
    """

    def __init__(self, problems: list[tuple[str, str]]) -> None:
        super().__init__("; ".join(f"{name}: {text}" for name, text in problems))
        self.problems = problems


# ``Any`` here only: a dataclass field's declared type is the annotation at the place of use.
def setting(
    default: Any,
    about: str,
    *,
    ge: float | None = None,
    gt: float | None = None,
    le: float | None = None,
    choices: tuple[str, ...] | None = None,
) -> Any:
    """A field with its default, one line for the person who edits it, and its bounds."""
    bounds = {"ge": ge, "gt": gt, "le": le, "choices": choices}
    return field(default=default, metadata={"about": about} | bounds)


def _problem(spec: Field[Any], value: Any) -> str | None:
    low, above, high = (spec.metadata.get(key) for key in ("ge", "gt", "le"))
    choices = spec.metadata.get("choices")
    if choices is not None and value not in choices:
        return f"is {value!r}; write one of {', '.join(choices)}"
    if value is None or isinstance(value, (str, bool)):
        return None
    if low is not None and not value >= low:
        return f"is {value!r}; write at least {low:g}"
    if above is not None and not value > above:
        return f"is {value!r}; write more than {above:g}"
    if high is not None and not value <= high:
        return f"is {value!r}; write at most {high:g}"
    return None


def check_ranges(settings: Any) -> None:
    """Raise RangeError with every field of ``settings`` that is out of its bounds."""
    problems = [
        (spec.name, text)
        for spec in fields(settings)
        if spec.metadata and (text := _problem(spec, getattr(settings, spec.name))) is not None
    ]
    if problems:
        raise RangeError(problems)
