-- What is in no field is prose, too: without it in this index, each search for words read every state whole.
drop index states_by_prose;
create index states_by_prose on states
  (objectives, processing, outputs, expected_benefits, yielded_benefits, remainder, title);
