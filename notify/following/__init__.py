"""Who follows what, who is told what, and when."""
