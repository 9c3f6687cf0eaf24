"""The history, written out for others to take away."""
