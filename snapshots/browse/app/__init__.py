"""The pages as an application: requests in, safe answers out, Datasette behind it."""
