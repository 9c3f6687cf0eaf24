-- The chain of runs: each is hashed together with the one before. The text names what the run added to the log.
create table manifests (
  number integer primary key,  -- Place in the chain, from 1.
  run integer not null references runs (id),
    -- The run that it is about; an extended edition and a decision on a held run have one of their own.
  made_at text not null,  -- When it was written.
  hash text not null,  -- SHA-256, in hex, of the manifest's text.
  manifest blob not null
    -- Its text, JSON compressed with zstd: addresses, checksums, times, failures, the hash before it.
) strict;
create index manifests_by_run on manifests (run);
