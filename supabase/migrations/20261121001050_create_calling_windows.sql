-- When a person may be called: the local hours of a campaign, in every time zone that the number may be in.

-- The clock that decides it. A simulation sets it by set_campaign_clock, a test by the setting campaign.now.
create table public.campaign_clock (
    is_only boolean primary key default true check (is_only),
    anchored_at timestamptz not null default now(),
    shows timestamptz not null,
    rate double precision not null default 1 check (rate > 0)
);

alter table public.campaign_clock enable row level security;
revoke all on public.campaign_clock from public, anon, authenticated;
grant select on public.campaign_clock to service_role;

create function public.campaign_now() returns timestamptz
language sql stable security definer set search_path = ''
as $$
    select coalesce(
        nullif(current_setting('campaign.now', true), '')::timestamptz,
        (select c.shows + (now() - c.anchored_at) * c.rate from public.campaign_clock c),
        now()
    );
$$;

create function public.set_campaign_clock(shows timestamptz, rate double precision default 1)
returns void
language plpgsql security definer set search_path = ''
as $$
begin
    delete from public.campaign_clock where is_only;
    if set_campaign_clock.shows is not null then
        insert into public.campaign_clock (shows, rate)
        values (set_campaign_clock.shows, set_campaign_clock.rate);
    end if;
end;
$$;

create function public.is_open_at(
    moment timestamptz, time_zone text, opens_at time, closes_at time, calling_days smallint[]
)
returns boolean
language sql stable set search_path = ''
as $$
    select local.moment::time >= opens_at and local.moment::time < closes_at
        and extract(isodow from local.moment) = any (calling_days)
    from (select moment at time zone time_zone) as local (moment);
$$;

-- The first moment of a local day, from not_before on, that is open; null if none is. A local time may come
-- twice in a day or not at all: then the day opens at either of the two, or when the clock is put forward,
-- which happens on a quarter of an hour.
create function public.day_opening(
    local_day date, time_zone text, opens_at time, closes_at time, calling_days smallint[], not_before timestamptz
)
returns timestamptz
language sql stable set search_path = ''
as $$
    with opening as (
        select (local_day + opens_at) at time zone 'UTC' as by_utc
    ),
    eves as (
        select by_utc, by_utc - interval '24 hours' as eve, by_utc + interval '24 hours' as morrow from opening
    ),
    shifts as (
        select by_utc, eve at time zone 'UTC' - eve at time zone time_zone as before,
               morrow at time zone 'UTC' - morrow at time zone time_zone as after
        from eves
    ),
    bounds as (
        select least(by_utc + before, by_utc + after) as earliest,
               greatest(by_utc + before, by_utc + after) as latest
        from shifts
    ),
    candidates as (
        select greatest(earliest, not_before) as moment from bounds
        union all
        select latest from bounds where latest > earliest
        union all
        select q.moment from bounds,
            generate_series(date_trunc('hour', earliest), latest, interval '15 minutes') as q (moment)
        where latest > earliest
    )
    select min(c.moment) from candidates c
    where c.moment >= not_before
      and public.is_open_at(c.moment, time_zone, opens_at, closes_at, calling_days);
$$;

create function public.next_open_in_zone(
    time_zone text, opens_at time, closes_at time, calling_days smallint[], not_before timestamptz
)
returns timestamptz
language plpgsql stable set search_path = ''
as $$
declare
    today constant date := (not_before at time zone time_zone)::date;
    opening timestamptz;
begin
    if public.is_open_at(not_before, time_zone, opens_at, closes_at, calling_days) then
        return not_before;
    end if;
    -- From yesterday on: put back just after midnight, the clock returns to it.
    for ahead in -1 .. 15 loop
        if extract(isodow from today + ahead) = any (calling_days) then
            opening := public.day_opening(today + ahead, time_zone, opens_at, closes_at, calling_days, not_before);
            if opening is not null then
                return opening;
            end if;
        end if;
    end loop;
    return null;
end;
$$;

create function public.next_open_time(
    time_zones text[], opens_at time, closes_at time, calling_days smallint[], not_before timestamptz
)
returns timestamptz
language plpgsql stable set search_path = ''
as $$
declare
    moment timestamptz := not_before;
    settled timestamptz;
    zone text;
begin
    if coalesce(cardinality(time_zones), 0) = 0 then
        return null;
    end if;
    -- No zone opens before `moment`, so when all have agreed to it there is no earlier one.
    loop
        settled := moment;
        foreach zone in array time_zones loop
            moment := public.next_open_in_zone(zone, opens_at, closes_at, calling_days, moment);
        end loop;
        if moment is null or moment > not_before + interval '336 hours' then
            return null;
        end if;
        exit when moment = settled;
    end loop;
    return moment;
end;
$$;

-- A zone that Postgres does not know raises 22023 here, when it is stored, and so never while dialling.
create function public.are_time_zones(names text[]) returns boolean
language sql immutable set search_path = ''
as $$ select bool_and((timestamp 'epoch' at time zone name) is not null) from unnest(names) as name $$;

alter table public.campaign_contacts
    add constraint campaign_contacts_time_zones_known check (public.are_time_zones(time_zones));

revoke execute on function
    public.campaign_now(),
    public.set_campaign_clock(timestamptz, double precision),
    public.is_open_at(timestamptz, text, time, time, smallint[]),
    public.day_opening(date, text, time, time, smallint[], timestamptz),
    public.next_open_in_zone(text, time, time, smallint[], timestamptz),
    public.next_open_time(text[], time, time, smallint[], timestamptz)
    from public, anon, authenticated;
grant execute on function
    public.campaign_now(),
    public.set_campaign_clock(timestamptz, double precision),
    public.is_open_at(timestamptz, text, time, time, smallint[]),
    public.day_opening(date, text, time, time, smallint[], timestamptz),
    public.next_open_in_zone(text, time, time, smallint[], timestamptz),
    public.next_open_time(text[], time, time, smallint[], timestamptz)
    to service_role;

comment on function public.campaign_now() is
    'What calling windows, delays and the rolling 24 hours are measured by: the setting campaign.now, else campaign_clock, else now(). Leases and the pace keep real time.';
comment on function public.set_campaign_clock(timestamptz, double precision) is
    'Let campaign_now() begin at `shows` and run `rate` times as fast; null returns to now(). For simulations.';
comment on function public.next_open_time(text[], time, time, smallint[], timestamptz) is
    'The earliest moment from not_before on at which the local time in all zones lies in [opens_at, closes_at) on a permitted ISO weekday; null if there is none within 14 days, or no zone.';

comment on table public.campaign_clock is 'The time that campaigns live in, where a simulation has set one: at most one row.';
comment on function public.are_time_zones(text[]) is 'Whether all of these are names of time zones.';
