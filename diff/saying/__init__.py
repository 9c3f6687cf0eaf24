"""How a change is said: one sentence, few words with marked values, prose word by word."""
