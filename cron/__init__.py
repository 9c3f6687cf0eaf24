"""When, with which settings, in which order?

The command line and what it starts. It decides nothing about the register: it asks the other folders, in order.
"""
