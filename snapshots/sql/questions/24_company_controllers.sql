-- Data controllers that are companies.
-- Group: Who has what
-- Data controllers named now whose name ends as those of companies do: Ltd, Limited, LLP, plc, Inc and the like. A
-- company may be owned by a charity or a university; a name without such an ending may be a company’s.
-- Rows: data controller
-- Answer: {rows} named now {rows:has|have} the name of a company.
-- Bars: agreements by controller
-- Feed: kind=controller-added kind=controller-removed kind=controller-succeeded
-- .controller  Data controller
-- .first_seen  First seen
-- .in_agreements  In
with named as (
  select *, upper(replace(replace(controller, ' (UNITED KINGDOM)', ''), '.', '')) as ending
  from controllers_now
)
select controller, count(distinct reference) as agreements, min(first_seen) as first_seen,
  group_concat(distinct reference) as in_agreements
from named
where ending like '% LTD' or ending like '% LIMITED' or ending like '% LLP' or ending like '% PLC'
  or ending like '% INC' or ending like '% LLC' or ending like '% CIC' or ending like '% GMBH'
  or ending like '% CORPORATION' or ending like '% COMPANY'
group by folded
order by agreements desc, controller
