"""From what was believed and what was seen to what changed, and what is believed now."""
