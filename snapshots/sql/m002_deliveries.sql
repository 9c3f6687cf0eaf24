-- What was told to whom, and what is due. A subscription is named, its address is not here. `item` refers to no table:
-- what was told stays told, whatever is derived later. A row with a message was put into one that may have gone out.
create table deliveries (
  id integer primary key,  -- Number of the row.
  subscription text not null,  -- Name of the subscription in the settings; operator for the operator's own notes.
  item text not null,  -- Id of the change or group; else which printed end, correction or note to the operator it is.
  note text,  -- What is told of a printed end, of a correction or to the operator, as JSON; null for changes.
  run integer references runs (id),  -- The run that made it due; null for what no run did.
  due_at text not null,  -- From when on it is to be told.
  state text not null default 'due' check (state in ('due', 'attempted', 'delivered', 'given up')),
    -- due, attempted (put into a message that may have gone out), delivered, or given up.
  message text,  -- Id of the message it was put in, the same at every attempt; null before the first.
  attempts integer not null default 0,  -- How often that message was tried.
  first_attempt_at text,  -- When that was first tried; null before.
  next_attempt_at text,  -- Before when it is not tried again; null before the first attempt.
  delivered_at text,  -- When the message was taken; null until then.
  given_up_at text,  -- When it was given up; null if it was not.
  failure text,  -- Why the last attempt failed, without addresses; null if none did.
  unique (subscription, item)
) strict;
create index deliveries_by_state on deliveries (state, due_at);

-- Who belonged to a group that was told and is no longer found as it was. When the history is derived again, members
-- may come to stand in another group, or by themselves, and a link to the old group must still name them.
create table former_members (
  group_id text not null,  -- A group of which there is a delivery.
  change_id text not null,
    -- A change that belonged to it when the history was derived again; it may stand elsewhere now.
  primary key (group_id, change_id)
) strict, without rowid;
create index former_members_by_change on former_members (change_id);
