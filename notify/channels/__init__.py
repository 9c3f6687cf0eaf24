"""A message, and its way to a mail server or into a folder."""
