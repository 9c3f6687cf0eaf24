-- Captures of changed pages by a public web archive, which was asked to save them.
create table archived_pages (
  page text not null references pages (key),  -- Key of the page.
  body text not null references bodies (sha256),  -- The bytes that it had here when the archive was asked.
  address text not null,  -- The address that the archive was asked to save.
  asked_at text,  -- When it was asked last; null before.
  job text,  -- What the archive calls the work, while it is under way.
  capture text,  -- Address of the archive's capture; null until there is one.
  captured_at text,  -- When the archive captured it, as it says.
  attempts integer not null default 0,  -- How often it said that it could not.
  failure text,  -- Why not, the last time.
  primary key (page, body)
) strict, without rowid;
