-- Workbooks that lie in the inbox of the official register and are refused.
create table official_inbox (
  name text primary key,  -- Name of the file; rows are kept until it is taken or gone.
  reason text not null,  -- Why it is refused.
  since text not null  -- When it was first refused.
) strict;
