"""Candidates a second through the alert policy, and what a snapshot costs it.

Run with ``pytest tests/bench/test_bench_alerts.py -s``. The candidates are what the issue asks for:
ten thousand a second, half of them news, three channels, one of them severe.
"""

from msgspec.structs import replace

from kalshi_assistant.alerts.message import Candidate
from kalshi_assistant.alerts.policy import Policy
from kalshi_assistant.alerts.settings import AppriseSettings, DesktopSettings
from kalshi_assistant.domain.time import MILLISECOND, Nanos
from kalshi_assistant.runtime.clock import Stopwatch
from tests.support import views
from tests.support.alerting import NOW, settings

CANDIDATES, BATCH = 100_000, 1_000
TARGET_PER_SECOND = 10_000
RULES = (
    "signal edge>4c", "p crosses 0.8", "index move 20bp in 60s", "spread>3c", "feed stale 5s",
    "breaker any", "fill any", "window result", "loss>$20", "log warning",
)  # fmt: skip
CHANNELS = {"desktop": DesktopSettings(enabled=True), "apprise": AppriseSettings(enabled=True)}


def batches():
    """Ten thousand a second, in batches of a tenth of one."""
    plain = Candidate(0, "", NOW, "Signal: YES momentum, edge 5.1c", "KXBTC15M: buy 10.00 YES")
    for start in range(0, CANDIDATES, BATCH):
        at = Nanos(NOW + start // BATCH * 100 * MILLISECOND)
        yield (
            [
                replace(plain, rule=number % len(RULES), key=str(number // 2), at=at)
                for number in range(start, start + BATCH)
            ],
            at,
        )


def test_ten_thousand_candidates_a_second():
    policy, stream = Policy(settings(*RULES, **CHANNELS)), list(batches())
    watch = Stopwatch()
    sent = sum(len(policy.consider(batch, at)) for batch, at in stream)
    rate = CANDIDATES / watch.seconds()
    counts = policy.counts
    print(  # noqa: T201 - the figure is the point
        f"\nalert policy: {rate:,.0f} candidates/s, target {TARGET_PER_SECOND:,}; {sent} sent, "
        f"{sum(counts.suppressed.values())} suppressed, {counts.passed} passed"
    )
    assert counts.considered == CANDIDATES
    assert rate > TARGET_PER_SECOND


def test_what_a_snapshot_costs():
    policy, plain, rounds = Policy(settings(*RULES, **CHANNELS)), views.snapshot(), 2_000
    shown = [replace(plain, at=Nanos(NOW + n * 100 * MILLISECOND)) for n in range(rounds)]
    watch = Stopwatch()
    for snapshot in shown:
        policy.see(snapshot)
    cost = watch.seconds() / rounds * 1e6
    print(f"\nalert policy: {cost:.0f} us a snapshot under {len(RULES)} rules")  # noqa: T201 - as above
    assert cost < 5_000  # a twentieth of the time between two
