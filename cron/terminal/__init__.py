"""How answers look on a terminal: values go in, text comes out."""
