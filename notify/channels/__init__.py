"""The ways out: a channel takes a message, or says why not."""
