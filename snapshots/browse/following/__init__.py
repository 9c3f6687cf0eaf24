"""Following a page by e-mail: its form, the pages behind the links of our letters, and what is sent to them."""
