"""An agreement in plain sentences: what stands among the opt-outs is said to stand there."""

import pytest

from snapshots.browse.parts.plainly import plainly
from tests.harness.builders import agreement

HONOURED = "Yes - patient objections upheld"


@pytest.mark.parametrize(
    ("type_of_data", "opt_outs", "said"),
    [
        ({"Identifiable"}, {HONOURED}, "As type of data the page prints “Identifiable”"),
        (None, {"Identifiable", HONOURED}, "Among the opt-outs the page prints “Identifiable”, a type of data"),
        (
            {"Anonymised"},
            {"Identifiable", HONOURED},
            "As type of data the page prints “Anonymised”, and “Identifiable” among the opt-outs",
        ),
        (None, {HONOURED}, "Which type of data it is the page does not say"),
    ],
)
def test_a_type_of_data_is_said_to_stand_where_it_stands(type_of_data, opt_outs, said):
    record = agreement(
        type_of_data=type_of_data and frozenset(type_of_data), opt_outs=frozenset(opt_outs), sensitivity=None
    )
    sentences = "".join(
        piece if isinstance(piece, str) else piece[0]
        for piece in plainly(record, ("Harrowdale", "/"), [], gone=False, as_of="")
    )

    assert f"{said}. " in sentences
