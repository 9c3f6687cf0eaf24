-- What is to be told to whom, and what became of it. A subscription is named, its address is not here. `item` is the id
-- of a change or of a group, or says which printed end or which note to the operator it is; `note` is what there is to
-- tell of those, as JSON, and null for changes. It refers to no table: what was told stays told, whatever is derived
-- later. A row with a message was put into one that may have gone out.
create table deliveries (
  id integer primary key,
  subscription text not null,
  item text not null,
  note text,
  run integer references runs (id),
  due_at text not null,
  state text not null default 'due' check (state in ('due', 'attempted', 'delivered', 'given up')),
  message text,
  attempts integer not null default 0,
  first_attempt_at text,
  next_attempt_at text,
  delivered_at text,
  given_up_at text,
  failure text,
  unique (subscription, item)
) strict;
create index deliveries_by_state on deliveries (state, due_at);

-- Who belonged to a group of which there is a delivery, when the history was derived again: members may come to stand in
-- another group, or by themselves, and a link to the old group must still name them.
create table former_members (
  group_id text not null,
  change_id text not null,
  primary key (group_id, change_id)
) strict, without rowid;
create index former_members_by_change on former_members (change_id);
