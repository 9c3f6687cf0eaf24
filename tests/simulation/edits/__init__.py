"""What happens to a register: each edit changes the model and says what must be told of it.

An edit is a function of the register and a source of chance; it returns the expected changes, or nothing where the
register has no place for it. Each module has the edits of one part of the register, in a `Deck`; `decks` has them all.
"""
