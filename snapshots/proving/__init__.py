"""Proof that others hold: time stamps of the chain, copies of its head, evidence for somebody who trusts nobody."""
