"""What does this page say?

Bytes of one page go in, one `RegisterPage` comes out. `parse` reads the blocks of a page, `layouts` knows which
generation of the site prints which field, `legal_basis` and `normalise` know what the texts mean, `vocabulary` holds
the known names. Everything here is pure but `fetch`, `wire` and `crawl`; nothing here knows of databases or of time.
"""
