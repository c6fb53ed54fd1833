-- Create what the media functions report about themselves: a row for each function and minute, for a week.

create table public.function_metrics (
    function_name text not null check (length(function_name) between 1 and 100),
    minute timestamptz not null,
    requests bigint not null default 0,
    errors bigint not null default 0,
    cache_hits bigint not null default 0,
    cache_misses bigint not null default 0,
    fallbacks bigint not null default 0,
    duration_ms_total double precision not null default 0,
    duration_ms_max double precision not null default 0,
    -- How many requests took at most 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000 ms, and longer.
    durations bigint[] not null default array_fill(0::bigint, '{12}'),
    error_codes jsonb not null default '{}' check (jsonb_typeof(error_codes) = 'object'),
    fallback_levels jsonb not null default '{}' check (jsonb_typeof(fallback_levels) = 'object'),
    primary key (function_name, minute),
    check (cardinality(durations) = 12)
);
create index function_metrics_minute_idx on public.function_metrics (minute);
comment on table public.function_metrics is 'Requests, errors, cache use and durations of functions; one row for each minute.';

alter table public.function_metrics enable row level security;
revoke all on public.function_metrics from public, anon, authenticated;
grant select, insert, update, delete on public.function_metrics to service_role;
grant select on public.function_metrics to authenticated;
create policy "admins read function metrics" on public.function_metrics
    for select to authenticated using ((select public.is_admin()));

create function media.add_counts(one jsonb, other jsonb) returns jsonb
language sql stable set search_path = ''
as $$
    select coalesce(jsonb_object_agg(key, total), '{}') from (
        select key, sum(value::numeric) as total
        from (select * from jsonb_each_text(one) union all select * from jsonb_each_text(other)) as both_counts
        group by key order by total desc limit 50) as sums;
$$;

create function public.record_function_metrics_v1(rows jsonb) returns void
language plpgsql set search_path = ''
as $$
begin
    insert into public.function_metrics as m
    select r.function_name, date_trunc('minute', r.minute), r.requests, r.errors, r.cache_hits, r.cache_misses, r.fallbacks,
           r.duration_ms_total, r.duration_ms_max, r.durations, r.error_codes, r.fallback_levels
    from jsonb_to_recordset(rows) as r (
        function_name text, minute timestamptz, requests bigint, errors bigint, cache_hits bigint, cache_misses bigint,
        fallbacks bigint, duration_ms_total double precision, duration_ms_max double precision, durations bigint[],
        error_codes jsonb, fallback_levels jsonb)
    order by 1, 2
    on conflict (function_name, minute) do update set
        requests = m.requests + excluded.requests,
        errors = m.errors + excluded.errors,
        cache_hits = m.cache_hits + excluded.cache_hits,
        cache_misses = m.cache_misses + excluded.cache_misses,
        fallbacks = m.fallbacks + excluded.fallbacks,
        duration_ms_total = m.duration_ms_total + excluded.duration_ms_total,
        duration_ms_max = greatest(m.duration_ms_max, excluded.duration_ms_max),
        durations = array(
            select a.n + b.n from unnest(m.durations) with ordinality as a (n, i)
            join unnest(excluded.durations) with ordinality as b (n, i) using (i) order by i),
        error_codes = media.add_counts(m.error_codes, excluded.error_codes),
        fallback_levels = media.add_counts(m.fallback_levels, excluded.fallback_levels);
    delete from public.function_metrics m where m.minute < now() - interval '7 days';
end;
$$;
comment on function public.record_function_metrics_v1(jsonb) is
    'Add a function''s counts to the rows of their minutes, and delete those of more than a week ago.';

create function public.sum_function_metrics_v1(since timestamptz) returns jsonb
language sql stable set search_path = ''
as $$
    select coalesce(jsonb_object_agg(function_name, totals), '{}') from (
        select m.function_name, jsonb_build_object(
            'requests', sum(m.requests), 'errors', sum(m.errors), 'cache_hits', sum(m.cache_hits),
            'cache_misses', sum(m.cache_misses), 'fallbacks', sum(m.fallbacks),
            'duration_ms_total', sum(m.duration_ms_total), 'duration_ms_max', max(m.duration_ms_max),
            'durations', (
                select jsonb_agg(n order by i) from (
                    select i, sum(n) as n from public.function_metrics d, unnest(d.durations) with ordinality as u (n, i)
                    where d.function_name = m.function_name and d.minute >= sum_function_metrics_v1.since group by i) as counted),
            'error_codes', (
                select coalesce(jsonb_object_agg(key, n), '{}') from (
                    select e.key, sum(e.value::numeric) as n from public.function_metrics d, jsonb_each_text(d.error_codes) as e
                    where d.function_name = m.function_name and d.minute >= sum_function_metrics_v1.since group by e.key) as counted),
            'fallback_levels', (
                select coalesce(jsonb_object_agg(key, n), '{}') from (
                    select e.key, sum(e.value::numeric) as n from public.function_metrics d, jsonb_each_text(d.fallback_levels) as e
                    where d.function_name = m.function_name and d.minute >= sum_function_metrics_v1.since group by e.key) as counted)
            ) as totals
        from public.function_metrics m where m.minute >= sum_function_metrics_v1.since group by m.function_name) as sums;
$$;
comment on function public.sum_function_metrics_v1(timestamptz) is 'Return the totals of each function since that minute, by name.';

revoke execute on function public.record_function_metrics_v1, public.sum_function_metrics_v1, media.add_counts
    from public, anon, authenticated;
grant execute on function public.record_function_metrics_v1, public.sum_function_metrics_v1, media.add_counts to service_role;
