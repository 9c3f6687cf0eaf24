"""Questions as pages: each is a file of SQL with a head in words (`snapshots/sql/questions/`), and one renderer."""
