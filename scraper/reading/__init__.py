"""A page's bytes to its records: character sets, lines, places of agreements, fields. Pure."""
