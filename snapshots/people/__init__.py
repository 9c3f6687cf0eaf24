"""People who follow by e-mail: a file of its own, that nothing of the history is mixed with."""
