-- Cells of the official register that say something, and are not understood.
create table official_unread (
  page text not null references pages (key),  -- Key of the agreement's page.
  reference text not null,  -- Reference of the version.
  heading text not null,  -- Heading of the column.
  text text not null,  -- What stands in the cell.
  since text not null,  -- Time of the first edition in which it was not understood.
  last_seen text  -- Time of the last edition in which it was not; null while it is not.
) strict;
create index official_unread_by_page on official_unread (page, last_seen);
