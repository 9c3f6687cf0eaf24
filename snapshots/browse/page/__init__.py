"""One module for each sort of page: what it asks of the database, and what its template is given."""
