-- One pace for all workers that call a provider of models: so many calls a minute, and none while it told us to wait.

create table public.provider_pace (
    provider text primary key,
    next_call_at timestamptz not null default '-infinity',
    blocked_until timestamptz not null default '-infinity'
);

alter table public.provider_pace enable row level security;
revoke all on public.provider_pace from public, anon, authenticated;
grant select, insert, update, delete on public.provider_pace to service_role;

create function public.reserve_provider_call(provider text, calls_per_minute double precision)
returns double precision
language plpgsql set search_path = ''
as $$
declare
    gap interval := make_interval(secs => 60 / calls_per_minute);
    place public.provider_pace;
begin
    insert into public.provider_pace as p (provider, next_call_at)
    values (reserve_provider_call.provider, clock_timestamp())
    on conflict on constraint provider_pace_pkey do update set
        -- After a pause a tenth of a minute's calls may come at once.
        next_call_at = greatest(p.next_call_at, clock_timestamp() - interval '6 seconds', p.blocked_until) + gap
    returning p.* into place;
    return greatest(extract(epoch from greatest(place.next_call_at, place.blocked_until) - clock_timestamp()), 0);
end;
$$;

create function public.pause_provider_calls(provider text, seconds double precision) returns void
language sql set search_path = ''
as $$
    insert into public.provider_pace as p (provider, blocked_until)
    values (pause_provider_calls.provider, clock_timestamp() + make_interval(secs => seconds))
    on conflict on constraint provider_pace_pkey do update set
        blocked_until = greatest(p.blocked_until, excluded.blocked_until);
$$;

comment on function public.reserve_provider_call(text, double precision) is 'How many seconds from now the call may begin.';

comment on table public.provider_pace is 'Until when a provider has asked to be left alone, shared by all instances.';
