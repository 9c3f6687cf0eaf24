"""All edits there are: `EDITS` are single facts, `WIDE` are edits on many agreements at once.

Their order is part of every seed: another one shuffles to another history.
"""

from tests.simulation.edits import (
    controllers,
    datasets,
    gone_once,
    head,
    legal_bases,
    opt_outs,
    organisations,
    places,
    register_wide,
    remarks,
    terms,
    words,
)

EDITS = [
    *datasets.EDITS,
    *terms.EDITS,
    *legal_bases.EDITS,
    *opt_outs.EDITS,
    *head.EDITS,
    *controllers.EDITS,
    *words.EDITS,
    *remarks.EDITS,
    *places.EDITS,
    *organisations.EDITS,
    *gone_once.EDITS,
]
WIDE = list(register_wide.WIDE)
