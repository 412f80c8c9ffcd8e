"""Timers by key, in the order in which they are due."""

from kalshi_assistant.runtime.timers import Timers


def fired(timers, now):
    return [(event.key, event.at, event.received_at) for event in timers.fired(now)]


def test_a_timer_fires_once_when_it_is_due_and_says_when_it_was_set_for():
    timers = Timers()
    timers.set("a", 10)
    assert fired(timers, 9) == []
    assert fired(timers, 12) == [("a", 10, 12)]
    assert fired(timers, 99) == []


def test_a_second_timer_of_a_key_replaces_the_first():
    timers = Timers()
    timers.set("a", 10)
    timers.set("a", 20)
    assert timers.next_due == 20
    assert fired(timers, 15) == []


def test_several_fire_in_order_of_their_time():
    timers = Timers()
    for key, due in (("late", 30), ("early", 10), ("middle", 20)):
        timers.set(key, due)
    assert [key for key, _, _ in fired(timers, 30)] == ["early", "middle", "late"]
    assert timers.next_due is None
