"""What do the words on the pages mean, who made them, and how?"""
