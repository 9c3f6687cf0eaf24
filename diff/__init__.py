"""What changed, and does it matter?

What was believed of the register and one edition of it go in, changes and the new belief come out. Everything here
is pure: no file, no network, no clock, no settings, no database.
"""
