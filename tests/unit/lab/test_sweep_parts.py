"""What a sweep is made of: axes, folds, results on disk, and what is left of the best."""

import sqlite3

import pytest

from kalshi_assistant.domain.errors import OperatorError
from kalshi_assistant.lab import verdicts
from kalshi_assistant.lab.sweep_folds import cut, plan
from kalshi_assistant.lab.sweep_jobs import Day, Outcome
from kalshi_assistant.lab.sweep_result import Tried, result
from kalshi_assistant.lab.sweep_space import Asked, axes_of, drawn, grid
from kalshi_assistant.lab.sweep_store import FILE, Results
from kalshi_assistant.sim.panel_world import FIRST_OPEN, LENGTH

DAY = 86_400
MADE = {"data": "d", "over": "o"}


def opens(days):
    return list(range(FIRST_OPEN, FIRST_OPEN + days * DAY, LENGTH))


# --- axes ---


def test_lists_ranges_and_logarithms_make_a_grid():
    axes = axes_of(["a.b=1,2", "c=0.1..0.3:3", "d=1..100:log", "e=x"], {"d"})
    found = grid(axes)
    assert len(found) == 2 * 3 * 5 * 1
    assert found[0] == {"a.b": "1", "c": "0.1", "d": "1", "e": "x"}
    assert [each["c"] for each in found[::5]][:3] == ["0.1", "0.2", "0.3"]
    assert sorted({int(each["d"]) for each in found}) == [1, 3, 10, 32, 100]


def test_draws_are_different_bounded_and_the_same_for_a_seed():
    axes = axes_of(["a=0.5..2:log", "b=1..9", "c=x,y"], {"b"})
    found = drawn(axes, 30, 7)
    assert found == drawn(axes, 30, 7)
    assert found != drawn(axes, 30, 8)
    assert len({tuple(each.values()) for each in found}) == 30
    assert all(0.5 <= float(each["a"]) <= 2 and each["b"].isdigit() for each in found)
    assert len(drawn(axes_of(["c=x,y"]), 30, 7)) == 2


@pytest.mark.parametrize(
    ("over", "text"),
    [
        ([], "nothing to sweep over"),
        (["a"], "says no values"),
        (["a="], "says no values"),
        (["a=1,,2"], "has an empty value"),
        (["a=3..1"], "is an empty range"),
        (["a=1..x"], "is no range"),
        (["a=1..2:1"], "1 values"),
        (["a=0..2:log"], "above zero"),
        (["a=1,2", "a=3"], "comes twice"),
    ],
)
def test_what_is_no_axis_is_named_with_its_remedy(over, text):
    with pytest.raises(OperatorError, match=text):
        axes_of(over)


def test_a_grid_beyond_all_measure_is_refused():
    with pytest.raises(OperatorError, match="shorten the lists"):
        grid(axes_of(["a=0..1:200", "b=0..1:200"]))


def test_optuna_asks_the_same_again_and_learns():
    pytest.importorskip("optuna", reason="the extra sweep is not installed")
    axes = axes_of(["a=0.0..1.0", "b=x,y", "c=1..5"], {"c"})

    def asked():
        found, study = [], Asked(axes, 40, 3)
        while batch := list(study.ask()):
            for number, values in batch:
                found.append(values)
                study.tell(number, -abs(float(values["a"]) - 0.8))
        return found

    first = asked()
    assert first == asked()
    assert len(first) == 40
    late = [abs(float(each["a"]) - 0.8) for each in first[-16:]]
    assert sum(late) / len(late) < 0.2


# --- folds ---


def test_pieces_cover_every_window_once_and_keep_to_their_blocks():
    cut_days = plan(opens(30), LENGTH, 3)
    windows = [at for piece in cut_days.pieces for at in range(piece.first, piece.last)]
    assert windows == sorted(set(windows))
    assert len(windows) == len(opens(30)) - 3  # at each of three starts one window is purged
    assert all(piece.last - piece.first <= 7 * 96 for piece in cut_days.pieces)


def test_what_is_chosen_by_ends_a_day_before_what_is_judged():
    blocks = plan(opens(20), LENGTH, 3).blocks
    for fold in range(1, 4):
        before, judged = blocks.chosen_by(fold), blocks.blocks[fold]
        assert max(before) < min(judged)
        gap = blocks.days.index(judged[0]) - blocks.days.index(before[-1])
        assert gap == 2  # the day between is the embargo
    assert blocks.judged == tuple(day for block in blocks.blocks[1:] for day in block)
    assert blocks.searched_by == blocks.chosen_by(3)


def test_a_window_that_reaches_over_midnight_belongs_to_neither_side():
    cut_days = plan(opens(10), LENGTH, 1)
    first = next(piece for piece in cut_days.pieces if piece.block == 1)
    begins = FIRST_OPEN + first.first * LENGTH
    assert (begins - FIRST_OPEN) % DAY == 0  # it opens on its own day: the one before is purged


def test_too_few_days_are_named_with_what_would_do():
    with pytest.raises(OperatorError, match=r"too few days for 4 folds: 5 .* --folds 1 or fewer"):
        cut([f"2026-01-0{day}" for day in range(1, 6)], 4)
    with pytest.raises(OperatorError, match=r"too few days for 1 folds: 1 .* --folds 0"):
        cut(["2026-01-01"], 1)
    assert cut(["2026-01-01"], 0).folds == 0


# --- on disk ---


def test_results_outlive_the_process(tmp_path):
    kept = Outcome({"2026-01-01": Day([0.1], 5, 4, 1, 1, 2)})
    store = Results(tmp_path / "out", MADE)
    store.keep([("k", "s", 0, 96, kept)])
    store.close()
    again = Results(tmp_path / "out", MADE)
    assert again.known(["k", "other"]) == {"k": kept}
    again.close()


def test_a_folder_of_another_sweep_is_refused(tmp_path):
    Results(tmp_path, MADE).close()
    with pytest.raises(OperatorError, match="holds another sweep: data differ; name another"):
        Results(tmp_path, MADE | {"data": "else"})


def test_a_full_disk_keeps_all_of_a_job_or_nothing(tmp_path):
    store = Results(tmp_path, MADE)
    with sqlite3.connect(tmp_path / FILE) as file:
        pages = file.execute("pragma page_count").fetchone()[0]
    store._file.execute(f"pragma max_page_count = {pages + 1}")
    large = Outcome({f"day {at}": Day([0.123456] * 50) for at in range(200)})
    with pytest.raises(OperatorError, match="make room"):
        store.keep([("small", "s", 0, 1, Outcome()), ("large", "s", 0, 1, large)])
    assert store.known(["small", "large"]) == {}
    store.close()


def test_a_file_that_is_no_folder_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OperatorError, match="name another folder"):
        Results(tmp_path / "file", MADE)


# --- what it came to ---


def tried(name, *gains):
    days = [f"2026-01-{day:02d}" for day in range(1, len(gains) + 1)]
    made = {
        day: Day([gain], round(gain * 1e6), round(gain * 1e6), 1, 1, 0)
        for day, gain in zip(days, gains, strict=True)
    }
    return Tried(name, {"a": name}, made)


def test_each_fold_chooses_by_its_past_only():
    flips = tried("flips", *[0.2, 0.3] * 4, *[-0.5] * 8)
    late = tried("late", *[-0.2, -0.3] * 4, *[0.5, 0.4] * 4)
    said = result([flips, late], cut(list(flips.days), 1), 0)
    (fold,) = said["walk_forward"]["folds"]
    assert fold["chosen"] == "flips"
    assert said["walk_forward"]["pnl"] == "-4.00"
    assert said["best"]["name"] == "late"  # with hindsight, on the judged days
    by_name = {row["name"]: row for row in said["settings"]}
    assert by_name["flips"]["pnl_in_sample"] == "2.00"


def test_verdicts_are_for_all_settings_together():
    gains = {f"2026-{month:02d}-{day:02d}": [0.3, 0.25, -0.1, 0.4] * 2
             for month in range(1, 13) for day in range(1, 29)}  # fmt: skip
    alone, among = verdicts.finding_of(gains), verdicts.finding_of(gains, 1_000)
    assert alone.verdict == among.verdict == "promising"
    assert among.low < alone.low
    assert among.needed > alone.needed
    assert "one of 1,000 tried" in verdicts.sentence(among, 1_000)


def test_sentences_say_what_may_be_concluded():
    nothing = verdicts.finding_of({})
    assert verdicts.sentence(nothing).startswith("no evidence (nothing bought")
    lost = {f"day {at:03d}": [-0.5] * 8 for at in range(100)}
    assert verdicts.sentence(verdicts.finding_of(lost)).startswith("refuted (800 windows): loses ")


def test_no_more_windows_of_a_day_count_than_a_day_before_had():
    days = {"1": [0.5] * 20, "2": [0.5] * 30}
    assert verdicts.finding_of(days).windows == 8 + 20
