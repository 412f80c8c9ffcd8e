"""Engines announce themselves, and dead ones are not taken for living."""

from kalshi_assistant.control.beacons import Beacon, beacons, light, put_out
from kalshi_assistant.control.endpoint import claim


def engine(folder, pid, **terms):
    told = {"mode": "paper", "environment": "prod"} | terms
    return Beacon(pid=pid, directory=str(folder), **told)


def test_an_engine_is_found_until_it_ends(tmp_path):
    beacon = engine(tmp_path / "one", 11)
    path = light(tmp_path / "running", beacon)
    assert beacons(tmp_path / "running") == (beacon,)
    assert path.stat().st_mode & 0o077 == 0
    put_out(path)
    put_out(path)
    assert beacons(tmp_path / "running") == ()


def test_a_start_removes_what_dead_engines_left_and_leaves_living_ones(tmp_path):
    alive = claim(tmp_path / "alive")
    try:
        light(tmp_path / "running", engine(tmp_path / "alive", 11))
        light(tmp_path / "running", engine(tmp_path / "dead", 12))
        light(tmp_path / "running", engine(tmp_path / "new", 13))
        assert [each.pid for each in beacons(tmp_path / "running")] == [11, 13]
    finally:
        alive.release()


def test_of_one_folder_only_the_newest_engine_is_told(tmp_path):
    light(tmp_path / "running", engine(tmp_path / "same", 11))
    light(tmp_path / "running", engine(tmp_path / "same", 12))
    assert [each.pid for each in beacons(tmp_path / "running")] == [12]


def test_nonsense_in_the_folder_is_passed_over(tmp_path):
    (tmp_path / "1.engine").write_text("{")
    (tmp_path / "2.engine").write_text('{"pid": "x"}')
    (tmp_path / "3.engine").mkdir()
    (tmp_path / "note.txt").write_text("")
    assert beacons(tmp_path) == ()
    assert beacons(tmp_path / "nowhere") == ()
