"""The one file that everything is kept in: schema, run log, bodies, readings, history, chain; and its writers."""
