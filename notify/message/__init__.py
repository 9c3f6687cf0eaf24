"""One message for one reader: what stands where, in text and in HTML."""
