-- No word without an owner: what is in no field, what is not understood, and what the site prints around the register.
-- Every reading is made again by today's rules, so nothing has to be filled in here.
alter table states add column remainder integer references texts (id);
alter table states add column unread text not null default '[]';
    -- Fields whose text is there and not understood, a JSON list: they stand in printed and in remainder.
alter table readings add column remainder text;
    -- Lines outside the agreements that are in no other field, the site's among them; null where there are none.
alter table readings add column tail text;
    -- The lines below the last label, which may be the site's, a JSON list of field and text.
alter table beliefs add column edges text;
    -- The page's lines, masked, that may be the site's, as JSON; the program's own note.

-- The lines that the site prints around the register, on most of its pages.
create table frame (
  line text primary key,  -- The line folded, with digits, dates and the organisation's name masked.
  printed text not null,  -- The line as a page printed it first.
  run integer not null references runs (id)  -- The run that showed it; from that run on it is the site's.
) strict;
