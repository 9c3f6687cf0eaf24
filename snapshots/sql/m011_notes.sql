-- What an operator remarked on a change. The chain has each, in the manifest of the same number. A change is named and
-- not referred to: the history is derived again, and what was remarked stays.
create table change_notes (
  number integer primary key references manifests (number),  -- Number of the manifest that has it.
  change_id text not null,  -- The change or group that it is about.
  made_at text not null,  -- When it was made.
  text text not null  -- The remark, in the operator's words.
) strict;
create index change_notes_by_change on change_notes (change_id);
