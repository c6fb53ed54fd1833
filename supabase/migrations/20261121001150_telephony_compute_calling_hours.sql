-- When a contact may be called: within the campaign's local hours in every time zone that the number may be in.

create function telephony.is_open_at(
    moment timestamptz, time_zone text, opens_at time, closes_at time, calling_days smallint[]
)
returns boolean
language sql stable set search_path = ''
as $$
    select local.moment::time >= opens_at and local.moment::time < closes_at
        and extract(isodow from local.moment) = any (calling_days)
    from (select moment at time zone time_zone) as local (moment);
$$;

-- The first open moment of a local day, from not_before on; null if there is none. At a change of the clock a local time
-- occurs twice or not at all: then the day opens at either of the two, or at the change, which is on a quarter hour.
create function telephony.find_day_opening(
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
      and telephony.is_open_at(c.moment, time_zone, opens_at, closes_at, calling_days);
$$;

create function telephony.next_open_in_zone(
    time_zone text, opens_at time, closes_at time, calling_days smallint[], not_before timestamptz
)
returns timestamptz
language plpgsql stable set search_path = ''
as $$
declare
    today constant date := (not_before at time zone time_zone)::date;
    opening timestamptz;
begin
    if telephony.is_open_at(not_before, time_zone, opens_at, closes_at, calling_days) then
        return not_before;
    end if;
    -- From yesterday on: a clock put back just after midnight returns to it.
    for ahead in -1 .. 15 loop
        if extract(isodow from today + ahead) = any (calling_days) then
            opening := telephony.find_day_opening(today + ahead, time_zone, opens_at, closes_at, calling_days, not_before);
            if opening is not null then
                return opening;
            end if;
        end if;
    end loop;
    return null;
end;
$$;

-- The earliest moment from not_before on at which the local time in all zones lies in [opens_at, closes_at) on a
-- permitted ISO weekday; null if there is none within 14 days, or no zone.
create function telephony.next_open_time(
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
    -- No zone is open before `moment`, so a moment that no zone moved is the earliest.
    loop
        settled := moment;
        foreach zone in array time_zones loop
            moment := telephony.next_open_in_zone(zone, opens_at, closes_at, calling_days, moment);
        end loop;
        if moment is null or moment > not_before + interval '336 hours' then
            return null;
        end if;
        exit when moment = settled;
    end loop;
    return moment;
end;
$$;
