"""One scrape, written family by family: what is unknown is left out, and labels are bounded."""

from collections.abc import Iterable
from typing import Final

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

PREFIX: Final = "kalshi_assistant_"
SERIES_MAX: Final = 256
"""Label values of one family, at most; those beyond are counted and not told."""


class Sheet:
    """Families in the order of their first sample."""

    def __init__(self) -> None:
        self._families: dict[str, Metric] = {}
        self.left_out = 0

    def gauge(self, name: str, about: str, value: float | None, **labels: str) -> None:
        """A value that goes up and down; ``None`` tells nothing."""
        if value is not None:
            family = self._families.get(name)
            if family is None:
                family = GaugeMetricFamily(PREFIX + name, about, labels=tuple(labels))
                self._families[name] = family
            self._add(family, PREFIX + name, labels, value)

    def counter(self, name: str, about: str, value: float | None, **labels: str) -> None:
        """A total that only grows while its process lives; ``name`` ends in ``_total``."""
        if value is not None:
            family = self._families.get(name)
            if family is None:
                bare = PREFIX + name.removesuffix("_total")
                family = CounterMetricFamily(bare, about, labels=tuple(labels))
                self._families[name] = family
            self._add(family, PREFIX + name, labels, value)

    def families(self) -> Iterable[Metric]:
        """All of it."""
        return self._families.values()

    def _add(self, family: Metric, name: str, labels: dict[str, str], value: float) -> None:
        if len(family.samples) < SERIES_MAX:
            family.add_sample(name, labels, value)
        else:
            self.left_out += 1
