"""What printed names and citations mean: folding, datasets, organisations, legal bases. Pure."""
