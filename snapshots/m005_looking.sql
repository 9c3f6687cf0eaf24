-- For the pages that are browsed: which names there are, who holds what now, changes of one kind.
create index agreement_datasets_by_spelling on agreement_datasets (dataset, folded);
create index agreement_datasets_now on agreement_datasets (folded, reference, page) where last_seen is null;
create index changes_by_kind on changes (kind, first_seen);
