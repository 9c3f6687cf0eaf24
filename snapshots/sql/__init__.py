"""The schema, its migrations and views, as SQL to be read and pasted."""
