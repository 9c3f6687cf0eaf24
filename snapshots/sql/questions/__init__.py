"""Questions to the tables, ready to be asked: what a journalist would want to know, as SQL that may be read.

Each file is one. Its first two digits are its group and its place in it; above the SQL stand title, group, what it
answers and what it cannot, and the parameters, which are named in the SQL (`:dataset`): Datasette makes a field of
each, and one that is left empty has the default that the SQL gives it. No question may touch a table that `--public`
does not show.
"""
