"""What does this page say?

Bytes of one page go in, one `RegisterPage` comes out. `reading` makes lines of bytes and records of lines, `names`
knows what the texts mean: folding, legal bases, known names. Everything here is pure but `web`, which asks for pages;
nothing here knows of databases or of time.
"""
