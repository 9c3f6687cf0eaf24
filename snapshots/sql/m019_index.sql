-- What the register's index listed when it was read last: one row, which a night needs not read again.
create table listed_pages (
  made_of text primary key,  -- SHA-256 of the index's bytes, its address, and the program that read it.
  pages text not null,  -- Slug and address of every page, as JSON.
  sha256 text not null  -- SHA-256 of those two, so that a row that came to harm is read as none.
) strict;
