"""A register that never was: seeded editions of it, rendered as pages, with the truth of what changed.

It is written from the contract and shares nothing with the implementation but the command line: `values` has the
words, `model` what the register means, `noise` and `render` how it may look, `edits` what happens to it, `truth` what
must be told and when, `story` puts these together edition by edition, `play` runs a story through `registerwatch`.
"""
