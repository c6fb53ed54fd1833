-- Jobs that are over are kept for some days; the talk tracks that they made stay.

create function public.clean_up_talk_track_jobs(completed_days double precision, other_days double precision default null)
returns integer
language plpgsql set search_path = ''
as $$
declare
    removed integer;
begin
    delete from public.talk_track_jobs j
    where (j.status = 'completed' and j.completed_at < now() - make_interval(secs => completed_days * 86400))
       or (j.status in ('failed', 'cancelled') and j.completed_at < now() - make_interval(secs => other_days * 86400));
    get diagnostics removed = row_count;
    return removed;
end;
$$;

comment on function public.clean_up_talk_track_jobs(double precision, double precision) is
    'How many jobs were removed; failed and cancelled ones only if days are given for them.';
