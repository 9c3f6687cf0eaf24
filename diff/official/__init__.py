"""The official register decided: what a new edition of its workbook means."""
