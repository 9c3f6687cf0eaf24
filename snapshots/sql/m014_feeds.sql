-- Feeds that could not be written.
create table feeds_failed (
  at text not null,  -- When they could not be written; rows are kept until they are.
  reason text not null  -- Why.
) strict;
