"""The official register in the database: its workbooks' rows, its editions, and the history derived from them.

`rows` keeps what a workbook says of an agreement, `editions` takes workbooks and derives what they mean, `past` answers
what the decider asks, `history` writes what it decided, `held` says what is held of an agreement.
"""
