"""The cases that fail today: strictly expected to, so that the suite says when one is mended.

Take a name out when its case passes (pytest calls it XPASS). `python -m tests.markups --known` prints the list as it
would be now.
"""

FAILING: frozenset[str] = frozenset()
