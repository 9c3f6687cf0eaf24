"""Nights: what differs between two editions of the made-up register, and what is to be told of it.

An edit is one line of a table in `header`, `bases`, `prose` or `loose`: what stands before, what after, what is told in
the first night and what at the second sighting. `nights` has whole histories: quiet, rebuilt, held, bulk editions.
`judging` runs a history through the command line and says what was told exactly, missed, false or inexact.
"""
