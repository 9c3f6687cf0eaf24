"""Polite HTTP: one address asked at a time, within limits; which addresses, and what robots.txt allows."""
