"""
Page recovery: finds chunks in the bytes of a damaged record (decision 0033).

A block begins with a magic number. The cell of its row stands before it, and a block longer than
a page continues in a chain of overflow pages. So damage to the tree, to the header or to a
neighbour hides no chunk. A chunk counts only if its checksum is right.

Source: https://www.sqlite.org/fileformat2.html, sections 1.6 (b-tree pages) and 2.1 (records).
"""

import mmap
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from abm_ros.common.errors import SpecError
from abm_ros.common.spec import ObservationSpec
from abm_ros.memory.record.blocks import MAGIC, checksum
from abm_ros.memory.record.file_format import head_of_copy
from abm_ros.memory.record.write_ahead_log import DEFAULT_PAGE, scan_log

Row = tuple[int, int, int, int, bytes]
_INTEGERS = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8, 8: 0, 9: 0}    # bytes of each serial type
_SPEC_KEY = b'observation_spec'
_LONGEST_HEAD = 40         # bytes of a cell before its block


@dataclass(frozen=True)
class _Cell:
    """A b-tree cell: where its payload begins, and the columns before the value."""

    payload: int           # offset in the page
    size: int              # bytes of the payload
    row: int
    columns: tuple[int, ...]
    value: tuple[int, int]     # offset in the payload, and length


class PageRecovery:
    """Searches the database file and the committed part of its log."""

    def __init__(self, path: Path) -> None:
        with open(path, 'rb') as file:
            empty = not file.seek(0, 2)
            self._file = b'' if empty else mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        size = int.from_bytes(self._file[16:18], 'big')
        self._page = size if size >= 512 and not size & (size - 1) else DEFAULT_PAGE
        self._log = scan_log(path, self._page)

    def rows(self, after: int = 0) -> Iterator[Row]:
        """Yield the sound chunks with steps after this id, in their order."""
        found: dict[tuple[int, int], tuple[bytes, _Cell]] = {}
        for page, place in self._hits(MAGIC):
            for cell in _cells_before(page, place, table=True):
                first, last = cell.row, cell.columns[1]
                if last > after and (first, -last) not in found and self._row(page, cell):
                    found[first, -last] = page, cell
        end = 0
        for key in sorted(found):
            # A chunk that lies within another was merged into it.
            if -key[1] > end and (row := self._row(*found[key])):
                end = row[1]
                yield row

    def specs(self) -> Iterator[str]:
        """Yield candidates for the observation spec of the record (JSON)."""
        for page, place in self._hits(_SPEC_KEY):
            for cell in _cells_before(page, place, table=False):
                text = self._payload(page, cell, table=False)[sum(cell.value):]
                yield text.decode(errors='replace')

    def _hits(self, mark: bytes) -> Iterator[tuple[bytes, int]]:
        """Yield the newest copy of each page that holds a mark, and the offset of the mark."""
        log, size = self._log, self._page
        place = self._file.find(mark)
        while place >= 0:
            number = place // size + 1
            if number not in log.pages:
                yield self._copy(number), place % size
            place = self._file.find(mark, place + 1)
        for number in log.pages:
            page = self._copy(number)
            place = page.find(mark)
            while place >= 0:
                yield page, place
                place = page.find(mark, place + 1)

    def _copy(self, number: int) -> bytes:
        place = self._log.pages.get(number)
        if place is not None:
            return self._log.data[place:place + self._page]
        return self._file[(number - 1) * self._page:number * self._page]

    def _row(self, page: bytes, cell: _Cell) -> Row | None:
        _, last, steps, crc = cell.columns
        start, size = cell.value
        block = self._payload(page, cell, table=True)[start:start + size]
        return (cell.row, last, steps, crc, block) if checksum(cell.row, last, block) == crc \
            else None

    def _payload(self, page: bytes, cell: _Cell, *, table: bool) -> bytes:
        """Return the payload of a cell, including its overflow pages."""
        usable = self._page
        if cell.size > len(self._file) + len(self._log.data):
            return b''
        most = usable - 35 if table else (usable - 12) * 64 // 255 - 23
        local = cell.size
        if cell.size > most:
            least = (usable - 12) * 32 // 255 - 23
            local = least + (cell.size - least) % (usable - 4)
            local = local if local <= most else least
        parts = [page[cell.payload:cell.payload + local]]
        rest, link = cell.size - local, page[cell.payload + local:cell.payload + local + 4]
        while rest > 0:
            more = self._copy(int.from_bytes(link, 'big'))
            if len(more) < usable:
                break
            link = more[:4]
            parts.append(more[4:4 + min(rest, usable - 4)])
            rest -= usable - 4
        return b''.join(parts)


def recovered_spec(path: Path) -> ObservationSpec | None:
    """Return the observation spec of a record whose tables SQLite cannot read; None if lost."""
    texts = list(PageRecovery(path).specs())
    copies = [head[1] for head in map(head_of_copy, texts) if head is not None]
    for text in [*copies, *texts]:
        with suppress(SpecError):
            return ObservationSpec.from_json(text)
    return None


def _cells_before(page: bytes, place: int, *, table: bool) -> Iterator[_Cell]:
    """
    Yield every cell that the bytes before a value can be parsed as.

    :param table: True for a row of `chunks`, whose last value is at `place`; False for an entry of
        `meta`, whose first value is there.
    """
    for start in range(place - 1, max(-1, place - _LONGEST_HEAD), -1):
        size, at = _varint(page, start)
        row, payload = _varint(page, at) if table else (0, at)
        head, at = _varint(page, payload)
        kinds: list[int] = []
        while at < payload + head and len(kinds) < 6:
            kind, at = _varint(page, at)
            kinds.append(kind)
        if at != payload + head or len(kinds) != (5 if table else 2):
            continue
        lengths = [_INTEGERS.get(kind, (kind - 12) // 2 if kind >= 12 else 0) for kind in kinds]
        if head + sum(lengths) != size:
            continue
        before = 4 if table else 0
        if at + sum(lengths[:before]) == place:
            columns = _integers(page, at, kinds[:before], lengths)
            yield _Cell(payload, size, row, columns, (place - payload, lengths[before]))


def _integers(page: bytes, at: int, kinds: list[int], lengths: list[int]) -> tuple[int, ...]:
    found = []
    for kind, length in zip(kinds, lengths, strict=False):
        found.append(int(kind == 9) if kind in (8, 9) else
                     int.from_bytes(page[at:at + length], 'big', signed=True))
        at += length
    return tuple(found)


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """Return a variable-length integer and the offset after it."""
    value = 0
    for count in range(9):
        byte = data[at + count] if at + count < len(data) else 0
        if count == 8:
            return value << 8 | byte, at + 9
        value = value << 7 | byte & 0x7f
        if byte < 0x80:
            break
    return value, at + count + 1
