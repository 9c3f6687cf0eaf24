-- What the server sent with a page's bytes, for whoever wants to prove where they come from. A row of captures stands
-- only where bytes differ, so a night of unchanged pages adds nothing.
alter table captures add column headers text;
