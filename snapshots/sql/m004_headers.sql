-- For whoever wants to prove where a page's bytes come from. A row of captures stands only where bytes differ, so a
-- night of unchanged pages adds nothing.
alter table captures add column headers text;
    -- What the server sent with these bytes, a JSON list of name and value; null for saved pages.
