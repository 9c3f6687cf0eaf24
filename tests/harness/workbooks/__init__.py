"""The official register, made up: versions of agreements, what happens to them by month, and the workbooks that say so.

Written from the description of the two shapes and from the contract, and not from what reads them. `model` is the
register, `edits` and `bulk` what happens to it, each with what must be told of it (`truth`), `story` its months, and
`writing` the files.
"""
