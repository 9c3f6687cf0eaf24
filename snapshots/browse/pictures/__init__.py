"""What can be drawn: each drawing is a value made by one function, shown in pages and handed on as SVG and CSV."""
