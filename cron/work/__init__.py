"""What commands set going: a run, an import, deliveries, feeds. No option and no terminal is known here."""
