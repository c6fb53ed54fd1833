-- Create the rate limit that all workers share for calls to a model provider.

-- The data API exposes only `public`. Only service_role may use this schema, so the RPC functions below, which read and
-- write its tables, fail for every other role.
create schema platform;
grant usage on schema platform to service_role;

create table platform.provider_limits (
    provider text primary key,
    next_call_at timestamptz not null default '-infinity',
    blocked_until timestamptz not null default '-infinity'
);

grant select, insert, update, delete on platform.provider_limits to service_role;

create function public.reserve_provider_call_v1(provider text, calls_per_minute double precision)
returns double precision
language plpgsql set search_path = ''
as $$
declare
    gap interval := make_interval(secs => 60 / calls_per_minute);
    reserved platform.provider_limits;
begin
    insert into platform.provider_limits as p (provider, next_call_at)
    values (reserve_provider_call_v1.provider, clock_timestamp())
    on conflict on constraint provider_limits_pkey do update set
        -- After an idle period allow a burst of a tenth of a minute's calls.
        next_call_at = greatest(p.next_call_at, clock_timestamp() - interval '6 seconds', p.blocked_until) + gap
    returning p.* into reserved;
    return greatest(extract(epoch from greatest(reserved.next_call_at, reserved.blocked_until) - clock_timestamp()), 0);
end;
$$;

create function public.pause_provider_calls_v1(provider text, seconds double precision) returns void
language sql set search_path = ''
as $$
    insert into platform.provider_limits as p (provider, blocked_until)
    values (pause_provider_calls_v1.provider, clock_timestamp() + make_interval(secs => seconds))
    on conflict on constraint provider_limits_pkey do update set
        blocked_until = greatest(p.blocked_until, excluded.blocked_until);
$$;

comment on table platform.provider_limits is
    'When the next call to a provider may start, and until when it has asked all clients to wait; shared by all instances.';
comment on function public.reserve_provider_call_v1(text, double precision) is
    'Reserve a call at this rate and return the seconds until it may start.';
comment on function public.pause_provider_calls_v1(text, double precision) is
    'Block all calls to a provider for some seconds, after a 429 response with Retry-After.';
