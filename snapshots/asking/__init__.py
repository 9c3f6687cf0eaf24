"""What is asked of the history: changes, agreements, lists, names, the state of things. Reads only."""
