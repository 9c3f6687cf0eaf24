"""What does the whole memory look like in a browser?

`registerwatch browse` serves two things at one address. Pages of our own, for people who have never heard of SQL,
answer the addresses that `addresses` makes; everything below `/register` is Datasette, whose tables, facets and queries
are there for those who have. `app` stands in front of both: it sets the security headers of every answer and sends a
request where it belongs. It is not a Datasette plugin, because plugins are the process's, not the server's, and because
an address of ours then never passes Datasette's cookies, its redirects and its reading of per cent signs.

Each page is one module of `page` with one view: a pure function from what is asked (words of the address, a reader of
the database) to what its template says. `routes` lists them all. A request reads through a connection of its own,
read-only and in one transaction, so that a page never mixes two states of a file that is being written.
"""
