"""One-second candles of an exchange's public archive as index values, day by day into a folder.

The archive (https://github.com/binance/binance-public-data) has for each day a zip with one CSV and
beside it its SHA-256. A row begins with the open time of its second: milliseconds, and of spot from
2025-01-01 on microseconds; its close is known when the second is over, which is the time an index
value stands under here. A second without a row is a gap: it is told and never filled in.
"""

import hashlib
import io
import re
import zipfile
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import IO, Final

from kalshi_assistant.domain.time import SECOND, whole_second
from kalshi_assistant.domain.units import INDEX_SCALE
from kalshi_assistant.lab.fetch_kalshi import Step, bounds
from kalshi_assistant.lab.fetched import FetchedFolder, Part
from kalshi_assistant.lab.tables import Column
from kalshi_assistant.runtime.asking import MissingThere, TooLong

EXCHANGES: Final = {
    "binance": "https://data.binance.vision/data",
    "binance-us": "https://data.binance.us/public_data",
}
"""Where the archive of each is; both lay it out alike."""
SYMBOL: Final = re.compile(r"[A-Z0-9]{3,20}")
INDEX_TABLE: Final = (Column("ts", "second"), Column("value", "decimal", 2))
ARCHIVE_BYTES_MAX: Final = 64 * 2**20
"""A day of the busiest symbol has some four million."""
CSV_BYTES_MAX: Final = 64 * 2**20
"""86,400 rows have some seventeen million bytes; more is not unpacked."""
LINE_BYTES_MAX: Final = 10_000
CHECKSUM_BYTES_MAX: Final = 1_000
ROWS_MAX: Final = 86_400
MICROSECONDS_FROM: Final = 10**14
"""A stamp from here on counts microseconds: as milliseconds it is beyond the year 5000."""
VALUE_MAX: Final = Decimal(10**9)
_DIGEST: Final = re.compile(rb"\s*([0-9a-fA-F]{64})\b")
_PIECE: Final = 2**16

Get = Callable[[str, int], Awaitable[bytes]]
Row = tuple[int, int]


class ArchiveTrouble(Exception):  # noqa: N818  # a finding about one day, told and passed over
    """What is wrong with the archive of a day."""


@dataclass(slots=True)
class Tally:
    """What came of it."""

    seconds: int = 0
    parts: int = 0
    kept: int = 0
    gaps: dict[str, tuple[tuple[int, int], ...]] = field(default_factory=dict)
    """By day: first missing second and how many."""
    troubles: dict[str, str] = field(default_factory=dict)
    """Days that could not be had, and why."""


class KlinesFetch:
    """One fetch: make it, exhaust ``run``, read ``tally``."""

    def __init__(
        self, get: Get, folder: FetchedFolder, base: str, symbol: str, days: list[date]
    ) -> None:
        self._get = get
        self._folder = folder
        self._base = base.rstrip("/")
        self._symbol = symbol
        self._days = days
        self.tally = Tally()

    async def run(self) -> AsyncIterator[Step]:
        """Fetch what is missing. Raises OutsideError, OperatorError; a bad day is only told."""
        for number, day in enumerate(self._days):
            yield Step(number, 0, 1)
            part = f"index/{day}.csv.gz"
            if self._folder.holds(part):
                self.tally.kept += 1
                self._count(self._folder.listed.parts[part])
                continue
            try:
                self._count(await self._fetched(part, day))
                self.tally.parts += 1
            except ArchiveTrouble as trouble:
                self.tally.troubles[day.isoformat()] = str(trouble)

    def _count(self, part: Part) -> None:
        self.tally.seconds += part.rows
        if part.gaps:
            self.tally.gaps[part.day] = part.gaps

    async def _fetched(self, part: str, day: date) -> Part:
        url = url_of(self._base, self._symbol, day)
        try:
            promised = checksum(await self._get(f"{url}.CHECKSUM", CHECKSUM_BYTES_MAX))
            packed = await self._get(url, ARCHIVE_BYTES_MAX)
        except MissingThere as missing:
            raise ArchiveTrouble(f"not there (404): {missing}") from missing
        except TooLong as long:
            raise ArchiveTrouble(str(long)) from long
        found = hashlib.sha256(packed).hexdigest()
        if found != promised:
            raise ArchiveTrouble(f"{url}: SHA-256 is {found[:12]}..., promised {promised[:12]}...")
        rows = list(read_archive(packed, self._symbol, day))
        return self._folder.put(
            part,
            INDEX_TABLE,
            rows,
            day=day.isoformat(),
            final=True,
            archive=found,
            gaps=gaps_of([second for second, _ in rows], day),
        )


def url_of(base: str, symbol: str, day: date) -> str:
    """The archive of one day."""
    return f"{base}/spot/daily/klines/{symbol}/1s/{symbol}-1s-{day}.zip"


def checksum(content: bytes) -> str:
    """The digest in a ``.CHECKSUM`` file. Raises ArchiveTrouble."""
    found = _DIGEST.match(content)
    if found is None:
        raise ArchiveTrouble("its .CHECKSUM holds no SHA-256")
    return found[1].decode().lower()


def read_archive(packed: bytes, symbol: str, day: date) -> Iterator[Row]:
    """(second at which it is known, cents) of every row, ascending. Raises ArchiveTrouble."""
    last = whole_second(bounds(day)[0])
    end, count = last + ROWS_MAX, 0
    for number, line in enumerate(_lines(packed, f"{symbol}-1s-{day}.csv"), start=1):
        cells = line.strip().split(",")
        if number == 1 and not cells[0].isdigit():
            continue  # a header, which some of the archives have
        second, cents = _row(cells, number)
        if not last < second <= end:
            where = "not of this day" if not end - ROWS_MAX < second <= end else "out of order"
            raise ArchiveTrouble(f"row {number}: its time is {where}")
        last, count = second, count + 1
        yield second, cents
    if not count:
        raise ArchiveTrouble("it holds no rows")


def _row(cells: list[str], number: int) -> Row:
    try:
        stamp, close = int(cells[0]), Decimal(cells[4])
    except (IndexError, ValueError, InvalidOperation) as error:
        raise ArchiveTrouble(f"row {number} is no candle: {','.join(cells)[:60]!r}") from error
    unit = 1_000 if stamp >= MICROSECONDS_FROM else 1_000_000
    second, rest = divmod(stamp * unit, SECOND)
    if rest:
        raise ArchiveTrouble(f"row {number}: {stamp} is not on a whole second")
    if not close.is_finite() or not 0 < close < VALUE_MAX:
        raise ArchiveTrouble(f"row {number}: {cells[4][:40]!r} is no price")
    return second + 1, round(close * INDEX_SCALE)


def _lines(packed: bytes, name: str) -> Iterator[str]:
    """The lines of the one CSV, unpacked piece by piece and never more than allowed."""
    try:
        with zipfile.ZipFile(io.BytesIO(packed)) as archive:
            members = [each for each in archive.infolist() if not each.is_dir()]
            if [each.filename for each in members] != [name]:
                found = ", ".join(each.filename[:40] for each in members[:3]) or "nothing"
                raise ArchiveTrouble(f"it holds {found}, not {name}")
            if members[0].file_size > CSV_BYTES_MAX:
                size = members[0].file_size
                raise ArchiveTrouble(f"unpacked it claims {size:,} bytes: not a day of candles")
            with archive.open(members[0]) as file:
                yield from _decoded(file)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise ArchiveTrouble(f"the zip is damaged or cut short ({error})") from error


def _decoded(file: IO[bytes]) -> Iterator[str]:
    size, rest = 0, b""
    while piece := file.read(_PIECE):
        size += len(piece)
        if size > CSV_BYTES_MAX:  # its directory may lie about what is in it
            raise ArchiveTrouble(f"unpacked it is over {CSV_BYTES_MAX:,} bytes")
        *lines, rest = (rest + piece).split(b"\n")
        if len(rest) > LINE_BYTES_MAX:
            raise ArchiveTrouble(f"a line is over {LINE_BYTES_MAX:,} bytes: these are no candles")
        for line in lines:
            yield line.decode("ascii", errors="replace")
    if rest:
        yield rest.decode("ascii", errors="replace")


def gaps_of(seconds: list[int], day: date) -> tuple[tuple[int, int], ...]:
    """Runs of missing seconds of a day: the first, and how many."""
    start = whole_second(bounds(day)[0])
    found, due = [], start + 1
    for second in (*seconds, start + ROWS_MAX + 1):
        if second > due:
            found.append((due, second - due))
        due = second + 1
    return tuple(found)
