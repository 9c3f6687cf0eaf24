"""What several pages show alike: rows, facts, drawings, proofs, filters."""
