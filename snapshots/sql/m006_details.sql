-- What was read out of summaries before stands here as data.
alter table changes add column details text not null default '{}';
    -- Facts that the summary says and no other column has, a JSON object; docs/records.md names them.
-- Changes that are there have none: the history is derived again when a command next opens it.
update derivation set rules = 'without details';
