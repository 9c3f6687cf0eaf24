"""The whole thing on the sample register, served on this machine."""
