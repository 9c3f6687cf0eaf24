"""An open database, asked: what every reader of the history begins with."""

from sqlite_utils import Database

from scraper.names.vocabulary import Vocabulary
from snapshots.asking.agreements import Agreements
from snapshots.asking.changes import Changes
from snapshots.asking.lists import Lists
from snapshots.asking.names import Ask, NameLookup
from snapshots.asking.status import Runs
from snapshots.keeping.states import States


class Answers:
    """Questions to an open database, by what they are about.

    Args:
        db: The database.
        vocabulary: Known other names.
        states: Its agreements, if somebody reads them already.
        ask: Asks what is asked again and again; see `NameLookup`.
    """

    def __init__(
        self, db: Database, vocabulary: Vocabulary, *, states: States | None = None, ask: Ask | None = None
    ) -> None:
        states = states or States(db)
        self.names = NameLookup(db, vocabulary, ask)
        self.changes = Changes(db, self.names, ask)
        self.agreements = Agreements(db, states, self.names)
        self.lists = Lists(db, states, vocabulary)
        self.runs = Runs(db)
