-- Create what operators of the production console have done: recorded before it is done, never changed.

create table platform.console_audit (
    id bigint generated always as identity primary key,
    at timestamptz not null default now(),
    operator_id uuid not null,
    operator_email text not null check (length(operator_email) <= 320),
    action text not null check (length(action) between 1 and 200),
    target text not null check (length(target) <= 2000),
    details jsonb not null default '{}' check (jsonb_typeof(details) = 'object')
);
comment on table platform.console_audit is 'What operators have done by the production console; see docs/OPERATIONS.md.';
alter table platform.console_audit enable row level security;

create function public.record_console_action_v1(
    p_operator_id uuid, p_operator_email text, p_action text, p_target text, p_details jsonb default '{}'
) returns bigint
language sql security definer set search_path = ''
as $$
    insert into platform.console_audit (operator_id, operator_email, action, target, details)
    values (p_operator_id, left(p_operator_email, 320), left(p_action, 200), left(p_target, 2000), p_details)
    returning id;
$$;
comment on function public.record_console_action_v1 is 'Records an action of an operator, before it is done.';
revoke all on function public.record_console_action_v1 from public, anon, authenticated;
grant execute on function public.record_console_action_v1 to service_role;

create function public.list_console_actions_v1(p_before bigint default null, p_limit integer default 100)
returns table (id bigint, at timestamptz, who text, action text, target text, details jsonb)
language sql stable security definer set search_path = ''
as $$
    select a.id, a.at, a.operator_email, a.action, a.target, a.details
    from platform.console_audit as a
    where p_before is null or a.id < p_before
    order by a.id desc limit least(greatest(p_limit, 1), 500);
$$;
comment on function public.list_console_actions_v1 is 'Lists the actions of operators, the newest first.';
revoke all on function public.list_console_actions_v1 from public, anon, authenticated;
grant execute on function public.list_console_actions_v1 to service_role;
