"""With which settings: what may be set, and how it is read and checked."""
