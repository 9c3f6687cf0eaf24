"""What did the register say, and when?

All SQL of the program is here. The run log and the kept bodies are the truth; whatever else the database holds is
derived from them by `diff` and can be derived again.
"""
