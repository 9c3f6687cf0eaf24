"""The rows of a workbook, sorted by agreement: what is kept of each is its *body*, the rows as text.

Nothing is taken apart here but references: a body holds the cells as they stand, so that it can be read again by later
rules. What no column of the shape has is kept under its heading.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from scraper.names.fold import fold
from scraper.official.bodies import ROW_CELLS, VersionRows, body_of, content_of
from scraper.official.references import Reference, read_reference
from scraper.official.shapes import DATASETS, FILES, REFERENCE, RELEASES, Sheet, WorkbookColumn, shape_of
from scraper.official.sheets import Row, Workbook, WorkbookError

_HEADER_WITHIN = 20
_MOST_NAMED = 5


@dataclass(frozen=True, slots=True)
class _ColumnsAt:
    """Where the columns of a sheet are."""

    sheet: Sheet
    row: int
    known: Mapping[int, str]
    """Place → what the column gives."""
    unknown: Mapping[int, str]
    """Place → heading."""

    def place(self, number: int) -> str:
        """Return how a row of the sheet is called."""
        return f"{self.sheet.name} row {number:,}"


_Keep = Callable[[_ColumnsAt, int, Reference, dict[str, str]], None]


class SortedWorkbook:
    """A workbook whose rows are sorted by agreement."""

    def __init__(self, book: Workbook) -> None:
        """Sort the rows of *book*.

        Raises:
            WorkbookError: It lacks a sheet or a column that its shape names, or has no row.
        """
        self.name, self.sha256, self.size = book.name, book.sha256, book.size
        self.shape = shape_of(book.sheets)
        self.files = 0
        self._notices: dict[str, list[str]] = {}
        self._versions: dict[Reference, VersionRows] = {}
        self._others: dict[str, None] = {}
        for sheet, printed in self._sheets(book):
            self._take(sheet, book.rows(printed))
        if not self._versions:
            raise WorkbookError(book.name, f"no row of its sheet {self.shape.sheets[0].name!r} has a reference")
        self._slugs: dict[str, list[Reference]] = {}
        for reference in sorted(self._versions, key=lambda one: (one.order, one.stem)):
            self._slugs.setdefault(reference.slug, []).append(reference)

    @property
    def layout(self) -> str:
        """Which shape it has."""
        return self.shape.layout

    @property
    def slugs(self) -> Iterable[str]:
        """Names of the pages, an agreement each, in order."""
        return sorted(self._slugs)

    @property
    def versions(self) -> int:
        """How many versions it has."""
        return len(self._versions)

    @property
    def rows(self) -> int:
        """How many rows of datasets, each once, its versions have."""
        return sum(len(version.rows) for version in self._versions.values())

    @property
    def notices(self) -> tuple[str, ...]:
        """What a person should know of it, in sentences."""
        found = []
        for words, places in self._notices.items():
            more = f" and {len(places) - _MOST_NAMED:,} more" if len(places) > _MOST_NAMED else ""
            found.append(f"{words}: {', '.join(places[:_MOST_NAMED])}{more}")
        return tuple(found)

    def body(self, slug: str) -> bytes:
        """Return what is kept of the agreement of *slug*: JSON, with the keys in order."""
        return body_of(self.layout, self._others, self._versions_of(slug))

    def content(self, slug: str) -> dict[str, Any]:
        """Return what the body of *slug* says, but prose: it is at hand, and need not be read of the body."""
        return content_of(self.layout, self._others, self._versions_of(slug))

    def _versions_of(self, slug: str) -> dict[str, VersionRows]:
        return {one.text: self._versions[one] for one in self._slugs[slug]}

    # --- sheets -------------------------------------------------------------------------------------------------------

    def _sheets(self, book: Workbook) -> Iterator[tuple[Sheet, str]]:
        printed: dict[str, str] = {}
        for name in book.sheets:
            if sheet := self.shape.sheet_named(name):
                printed.setdefault(sheet.name, name)
            elif fold(name) not in map(fold, self.shape.others):
                self._notice("unknown sheet, not read", repr(_short(name)))
        for sheet in self.shape.sheets:
            if sheet.name not in printed:
                raise WorkbookError(book.name, f"has no sheet {sheet.name!r}, which {self.shape.called} has")
        self._book_name = book.name
        for sheet in self.shape.sheets:
            yield sheet, printed[sheet.name]

    def _take(self, sheet: Sheet, rows: Iterator[Row]) -> None:
        header = self._header(sheet, rows)
        keep = self._keep_row if sheet in (DATASETS, RELEASES) else self._keep_version
        keep = self._keep_file if sheet is FILES else keep
        for number, row in enumerate(rows, start=header.row + 1):
            self._take_row(header, number, row, keep)

    def _header(self, sheet: Sheet, rows: Iterator[Row]) -> _ColumnsAt:
        for number, row in enumerate(rows, start=1):
            headed = {place: sheet.column_headed(text) for place, text in enumerate(row) if text.strip()}
            if any(column and column.gives == REFERENCE for column in headed.values()):
                return self._columns(sheet, number, row, headed)
            if number == _HEADER_WITHIN:
                break
        missing = next(column for column in sheet.columns if column.gives == REFERENCE)
        raise WorkbookError(self._book_name, f"the sheet {sheet.name!r} has no column {missing.heading!r}")

    def _columns(self, sheet: Sheet, number: int, row: Row, headed: Mapping[int, WorkbookColumn | None]) -> _ColumnsAt:
        known: dict[int, str] = {}
        unknown: dict[int, str] = {}
        there: set[str] = set()
        for place, column in headed.items():
            heading = " ".join(row[place].split())
            if column is None or column.heading in there:
                unknown[place] = _short(heading if column is None else f"{heading} (again)")
                self._notice(f"unknown column of the sheet {sheet.name!r}, kept as it is", repr(unknown[place]))
                self._others[unknown[place]] = None
                continue
            there.add(column.heading)
            if column.gives:
                known[place] = column.gives
        for column in sheet.columns:
            if column.heading not in there:
                raise WorkbookError(self._book_name, f"the sheet {sheet.name!r} has no column {column.heading!r}")
        return _ColumnsAt(sheet, number, known, unknown)

    # --- rows ---------------------------------------------------------------------------------------------------------

    def _take_row(self, header: _ColumnsAt, number: int, row: Row, keep: "_Keep") -> None:
        cells = {gives: row[at] for at, gives in header.known.items() if at < len(row) and row[at].strip()}
        printed = cells.pop(REFERENCE, "")
        if printed and cells and not header.unknown and (reference := read_reference(printed)):
            keep(header, number, reference, cells)  # nearly every row
            return
        others = {heading: row[at] for at, heading in header.unknown.items() if at < len(row) and row[at].strip()}
        is_alone = not any(text.strip() for text in row if text is not printed)
        if not printed:
            if not is_alone or cells:
                self._notice("row without a reference, left out", header.place(number))
            return
        reference = None if is_alone else read_reference(printed)
        if reference is None:
            named = _short(" ".join(printed.split()))
            self._notice("note in the reference column", f"{header.place(number)} {named!r}")
            return
        keep(header, number, reference, cells)
        if others and reference in self._versions:
            for heading, text in others.items():
                self._versions[reference].others.setdefault(heading, {})[text] = None

    def _keep_version(self, header: _ColumnsAt, number: int, reference: Reference, cells: dict[str, str]) -> None:
        version = self._versions.setdefault(reference, VersionRows())
        if not version.has_row:
            version.take(cells)
        elif not version.says(cells):
            place = f"{header.place(number)} {reference.text}"
            self._notice("second row of a version that says something else, left out", place)

    def _keep_row(self, header: _ColumnsAt, number: int, reference: Reference, cells: dict[str, str]) -> None:
        """Keep the row of a dataset, or of a file in the older shape, where it says all that there is of one."""
        version = self._listed(header, number, reference)
        if version is None:
            return
        version.rows[tuple(cells.get(name, "") for name in ROW_CELLS)] = None
        if header.sheet is RELEASES:
            self.files += 1
            self._keep_of_release(version, cells)

    def _keep_of_release(self, version: VersionRows, cells: Mapping[str, str]) -> None:
        if "opt_outs" in cells:
            version.opt_outs[cells["opt_outs"]] = None
        version.head.setdefault("organisation", cells.get("organisation", ""))
        for heading in ("Purpose", "MR Number"):
            if heading in cells:
                version.others.setdefault(heading, {})[cells[heading]] = None

    def _keep_file(self, header: _ColumnsAt, number: int, reference: Reference, cells: dict[str, str]) -> None:
        version = self._listed(header, number, reference)
        if version is None:
            return
        self.files += 1
        month = cells.get("month", "").strip()
        version.files[month] = version.files.get(month, 0) + 1
        if "opt_outs" in cells:
            version.opt_outs[cells["opt_outs"]] = None

    def _listed(self, header: _ColumnsAt, number: int, reference: Reference) -> VersionRows | None:
        """Return where rows about this version are kept: in the newer shape, of those that the first sheet lists."""
        version = self._versions.get(reference)
        if version is None and header.sheet is RELEASES:
            version = self._versions[reference] = VersionRows()
        elif version is None:
            place = f"{header.place(number)} {reference.text}"
            self._notice("row of a version that the sheet 'Agreements' lacks, left out", place)
        return version

    def _notice(self, words: str, place: str) -> None:
        self._notices.setdefault(words, []).append(place)


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:59].rstrip()}…"
