"""Feeds as files: what stands where, and in which words."""
