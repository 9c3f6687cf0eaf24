-- For the pages that are browsed: which names there are, who holds what now, changes of one kind, page or organisation.
create index agreement_datasets_by_spelling on agreement_datasets (dataset, folded);
create index agreement_datasets_now on agreement_datasets (folded, reference, page) where last_seen is null;
create index changes_by_kind on changes (kind, first_seen);
create index changes_by_page on changes (page, first_seen, substantive, withdrawn);
create index changes_by_organisation on changes (organisation);
create index changes_by_title on changes (title);
create index changes_by_text_before on changes (before_text) where before_text is not null;
create index changes_by_text_after on changes (after_text) where after_text is not null;
-- Holds all that is counted of changes, so that counting does not read them.
create index changes_by_run on changes (run, member_of, substantive, severity, first_seen, withdrawn, kind, id);
-- From what is found in a state or its prose to the agreements that are printed so now.
create index agreement_versions_by_state on agreement_versions (state);
create index agreements_by_version on agreements (version, standing);
create index states_by_end on states (dsa_end);
create index states_by_prose on states
  (objectives, processing, outputs, expected_benefits, yielded_benefits, title);
