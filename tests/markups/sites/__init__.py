"""The sites: from a page of the register to the bytes that a site would send of it."""
