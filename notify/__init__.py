"""Who is told, and how?

Changes go in, messages come out.
"""
