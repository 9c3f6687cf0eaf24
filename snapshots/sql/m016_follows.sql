-- Those who follow by e-mail are told by the same deliveries; who they are stands in a file of their own.
alter table deliveries add column follows text;
    -- On account of which follows, as JSON; null for a subscription of the settings, and for what all follows are for.
