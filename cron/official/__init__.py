"""The official register on its way in: workbooks by a command, and from the folder that a run empties."""
