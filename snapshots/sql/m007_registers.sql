-- A page is known by its register and its slug. What the other tables name is its key, and that of a page of the first
-- register is its slug, as ever: renaming the column takes every reference along and rewrites no row.
alter table pages rename column slug to key;
    -- Key of the page: its slug; of a register that is not the first, that register's id, a slash and the slug.
alter table pages add column slug text not null default '';
    -- The page's name: the file's name without its ending, in lower case, or the last part of an address.
update pages set slug = key;
create unique index pages_by_register on pages (register, slug);
