-- Calls whose webhooks are missing: the caller asks the provider about them.

-- Placed calls without events for minutes; they keep their slots while the caller looks them up.
create function public.claim_silent_calls_v1(batch integer)
returns table (attempt_id uuid, retell_call_id text, was_heard_of boolean, is_over boolean)
language sql set search_path = ''
as $$
    with due as (
        select a.id from public.call_attempts a
        where a.status = 'placed' and a.check_after <= telephony.now()
        order by a.check_after limit batch for no key update skip locked
    ),
    taken as (
        update public.call_attempts a
        set check_after = telephony.now() + interval '5 minutes',
            lease_expires_at = greatest(a.lease_expires_at, now() + interval '10 minutes')
        from due where a.id = due.id
        returning a.id, a.retell_call_id
    )
    select t.id, t.retell_call_id,
           c.started_at is not null
               or exists (select from public.call_events e where e.retell_call_id = t.retell_call_id),
           coalesce(c.status in ('completed', 'failed'), false)
    from taken t left join public.calls c on c.retell_call_id = t.retell_call_id;
$$;
comment on function public.claim_silent_calls_v1(integer) is
    'Placed attempts to look up. was_heard_of: an event proves that the call was made. is_over: its end is stored, and place_call_v1 applies it.';

-- Calls that should have ended and have no open attempt; each is returned again after twice the time, for a day.
create function public.claim_open_calls_v1(batch integer) returns table (retell_call_id text, is_hopeless boolean)
language sql set search_path = ''
as $$
    with due as (
        select c.id from public.calls c
        where c.status in ('registered', 'in_progress')
          and coalesce(c.check_after, c.created_at + interval '10 minutes') <= now()
          and not exists (
              select from public.call_attempts a
              where a.id = c.attempt_id and a.status not in ('ended', 'released'))
        order by c.created_at limit batch for no key update skip locked
    )
    update public.calls c
    set check_after = now() + greatest(now() - c.created_at, interval '10 minutes')
    from due where c.id = due.id
    returning c.retell_call_id, c.created_at <= now() - interval '1 day';
$$;
comment on function public.claim_open_calls_v1(integer) is
    'Open calls without an open attempt to look up. is_hopeless: if they are still open, fail_call_v1 ends them.';

-- Fail a call whose end the provider will not report.
create function public.fail_call_v1(retell_call_id text) returns void
language sql set search_path = ''
as $$
    update public.calls c
    set status = 'failed',
        disconnection_reason = coalesce(c.disconnection_reason, 'unknown'),
        ended_at = coalesce(c.ended_at, c.started_at, c.created_at)
    where c.retell_call_id = fail_call_v1.retell_call_id and c.status in ('registered', 'in_progress');
$$;

-- Ended calls without an analysis; each is returned again after twice the time, for a day.
create function public.claim_unanalyzed_calls_v1(batch integer) returns setof text
language sql set search_path = ''
as $$
    with due as (
        select c.id from public.calls c
        where c.analysis_due_at <= telephony.now()
        order by c.analysis_due_at limit batch for no key update skip locked
    )
    update public.calls c
    set analysis_due_at = case when telephony.now() < c.ended_at + interval '1 day'
        then telephony.now() + greatest(telephony.now() - c.ended_at, interval '10 minutes') end
    from due where c.id = due.id
    returning c.retell_call_id;
$$;
