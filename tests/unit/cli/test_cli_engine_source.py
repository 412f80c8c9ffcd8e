"""The engine behind a screen while it starts: waited for as long as it lives, and then told."""

import pytest

from kalshi_assistant.cli.engine_source import EngineSource
from kalshi_assistant.domain.errors import FinalError


async def first(source: EngineSource) -> object:
    return await anext(source.snapshots())


async def test_an_engine_that_ended_before_it_began_is_told_at_once(tmp_path):
    with pytest.raises(FinalError, match="did not start"):
        await first(EngineSource(tmp_path, 3_600.0, lambda: 2))


async def test_an_engine_that_lives_and_tells_nothing_is_not_called_missing(tmp_path):
    with pytest.raises(FinalError, match="runs and tells nothing after 0 s"):
        await first(EngineSource(tmp_path, 0.0, lambda: None))


async def test_where_there_is_none_of_ours_that_is_said(tmp_path):
    with pytest.raises(FinalError, match="no engine runs in"):
        await first(EngineSource(tmp_path))
