-- What is to be told to whom, and what became of it. A subscription is named, its address is not here. `item` is the id
-- of a change or of a group, or says which printed end or which note to the operator it is; `note` is what there is to
-- tell of those, as JSON. It refers to no table: what was told stays told, whatever is derived later.
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
  failure text,
  unique (subscription, item)
) strict;
create index deliveries_by_state on deliveries (state, due_at);
create index deliveries_by_item on deliveries (item);
