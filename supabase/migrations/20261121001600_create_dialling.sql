-- Dialling: contacts are claimed under a lease, judged again right before the request leaves, and what the provider
-- said of the request is written down. Locks come in the order of settle_attempt: attempt, contact, campaign, pace.

alter table public.call_attempts add column check_after timestamptz;
alter table public.call_attempts add column first_dialed_at timestamptz;
alter table public.calls add column check_after timestamptz;
comment on column public.call_attempts.check_after is
    'When to ask the provider what became of the call, by campaign_now(); null until it is dialled.';
comment on column public.call_attempts.first_dialed_at is
    'When the first request left: the provider knows its key for an hour from then. dialed_at: the last that may have made the call.';
comment on column public.calls.check_after is
    'When to ask the provider again for the end of a call that no attempt waits for, by now(); null until it was asked.';

create index call_attempts_check_idx on public.call_attempts (check_after) where status in ('placed', 'unresolved');
create index call_attempts_stale_idx on public.call_attempts (lease_expires_at) where status in ('claimed', 'dialing');

-- The number that a campaign calls from: its own, or the organization's primary one.
create function public.calling_number(campaign public.call_campaigns) returns text
language sql stable set search_path = ''
as $$
    select n.phone_number from public.phone_numbers n
    where n.organization_id = campaign.organization_id and n.status = 'active'
      and case when campaign.phone_number_id is null then n.is_primary else n.id = campaign.phone_number_id end;
$$;

create function public.calling_agent(campaign public.call_campaigns) returns text
language sql stable set search_path = ''
as $$
    select a.retell_agent_id from public.agents a
    where a.id = campaign.agent_id and a.organization_id = campaign.organization_id and a.status = 'active';
$$;

create function public.free_slots(pace public.dial_pace) returns integer
language sql stable set search_path = ''
as $$
    select greatest(pace.current_limit - pace.reserved_concurrency - count(*)::integer, 0)
    from public.call_attempts a
    where a.organization_id = pace.organization_id and a.lease_expires_at > now()
      and a.status in ('claimed', 'dialing', 'placed', 'unresolved');
$$;

-- A quarter of a second's worth may go at once: over any second hardly more than the provider counts.
create function public.ready_tokens(pace public.dial_pace) returns numeric
language sql stable set search_path = ''
as $$
    select least(
        greatest(pace.calls_per_second / 4, 1),
        pace.tokens + pace.calls_per_second * greatest(extract(epoch from clock_timestamp() - pace.refilled_at), 0));
$$;

-- How many contacts may be dialled now.
create function public.allowed_dials(pace public.dial_pace) returns integer
language sql stable set search_path = ''
as $$
    select case
        when pace.blocked_until > now() then 0
        else least(floor(public.ready_tokens(pace))::integer, public.free_slots(pace)) end;
$$;

-- The earliest moment at which three dials within 24 hours allow another one to the number; null if they do now.
create function public.rested_at(organization_id uuid, phone text) returns timestamptz
language sql stable set search_path = ''
as $$
    select a.dialed_at + interval '24 hours'
    from public.call_attempts a
    where a.organization_id = rested_at.organization_id and a.phone = rested_at.phone
      and a.dialed_at > public.campaign_now() - interval '24 hours'
    order by a.dialed_at desc offset 2 limit 1;
$$;

-- Why a contact may not be dialled now: an outcome if never, wait_until if later, neither if it may.
create type public.dial_verdict as (outcome text, wait_until timestamptz);

-- All that is needed to dial.
create type public.dial_order as (
    attempt_id uuid, lease_token uuid, idempotency_key text, organization_id uuid, campaign_id uuid,
    contact_id bigint, phone text,
    name text, email text, company text, notes text, variables jsonb, campaign_name text,
    from_number text, retell_agent_id text
);

create function public.order_of(
    attempt public.call_attempts, contact public.campaign_contacts, campaign public.call_campaigns
)
returns public.dial_order
language sql stable set search_path = ''
as $$
    select row(
        attempt.id, attempt.lease_token, attempt.idempotency_key, attempt.organization_id, campaign.id,
        contact.id, attempt.phone,
        contact.name, contact.email, contact.company, contact.notes, campaign.variables || contact.variables,
        campaign.name, public.calling_number(campaign), public.calling_agent(campaign))::public.dial_order;
$$;

create function public.judge_dial(contact public.campaign_contacts, campaign public.call_campaigns)
returns public.dial_verdict
language plpgsql stable set search_path = ''
as $$
declare
    moment constant timestamptz := public.campaign_now();
    earliest timestamptz;
    opens timestamptz;
begin
    if exists (select from public.do_not_call d
               where d.organization_id = contact.organization_id and d.phone = contact.phone) then
        return row('do_not_call', null)::public.dial_verdict;
    end if;
    if contact.attempts >= campaign.max_attempts then
        return row(coalesce(contact.outcome, 'failed'), null)::public.dial_verdict;
    end if;
    earliest := greatest(moment, public.rested_at(contact.organization_id, contact.phone));
    opens := public.next_open_time(
        contact.time_zones, campaign.opens_at, campaign.closes_at, campaign.calling_days, earliest);
    if opens is null then
        return row('no_calling_hours', null)::public.dial_verdict;
    end if;
    return row(null, nullif(opens, moment))::public.dial_verdict;
end;
$$;

-- Gives a contact that is not dialled now back to its queue, or takes it out for good.
create function public.put_back(contact_id bigint, verdict public.dial_verdict, dials_undone integer default 0)
returns void
language sql set search_path = ''
as $$
    update public.campaign_contacts c
    set status = case when verdict.outcome is null then 'pending'
                      when verdict.outcome in ('do_not_call', 'cancelled') then 'cancelled'
                      when c.connected then 'completed' else 'failed' end,
        outcome = coalesce(verdict.outcome, c.outcome),
        next_attempt_at = coalesce(verdict.wait_until, c.next_attempt_at),
        dials = greatest(c.dials - dials_undone, c.attempts),
        completed_at = case when verdict.outcome is not null then public.campaign_now() end
    where c.id = contact_id;
$$;

-- Locks due contacts that may be dialled now, and moves away those that may not. Reads the index of due contacts from
-- its beginning, no further than it must; what others have locked is theirs.
create function public.pick_due_contacts(campaign public.call_campaigns, wanted integer)
returns setof public.campaign_contacts
language plpgsql set search_path = ''
as $$
declare
    contact public.campaign_contacts;
    verdict public.dial_verdict;
    picked integer := 0;
begin
    for contact in
        select c.* from public.campaign_contacts c
        where c.campaign_id = campaign.id and c.status = 'pending' and c.next_attempt_at <= public.campaign_now()
        order by c.next_attempt_at, c.id limit 1000
        for no key update skip locked
    loop
        exit when picked = wanted;
        verdict := public.judge_dial(contact, campaign);
        if verdict.outcome is null and verdict.wait_until is null and exists (
            select from public.call_attempts a
            where a.organization_id = contact.organization_id and a.phone = contact.phone
              and a.status in ('claimed', 'dialing', 'placed', 'unresolved'))
        then
            verdict.wait_until := public.campaign_now() + interval '10 minutes';
        end if;
        if verdict.outcome is null and verdict.wait_until is null then
            picked := picked + 1;
            return next contact;
        else
            perform public.put_back(contact.id, verdict);
        end if;
    end loop;
end;
$$;

create function public.take_pace(organization_id uuid, wanted integer) returns integer
language plpgsql set search_path = ''
as $$
declare
    pace public.dial_pace;
    taken integer;
begin
    select p.* into pace from public.dial_pace p
    where p.organization_id = take_pace.organization_id for no key update;
    taken := least(wanted, public.allowed_dials(pace));
    update public.dial_pace p
    set tokens = public.ready_tokens(pace) - taken, refilled_at = clock_timestamp()
    where p.organization_id = take_pace.organization_id;
    return taken;
end;
$$;

create function public.claim_contacts(campaign_id uuid, batch integer, lease_seconds integer default 60)
returns setof public.dial_order
language plpgsql set search_path = ''
as $$
declare
    campaign public.call_campaigns;
    pace public.dial_pace;
    contacts public.campaign_contacts[];
    allowed integer;
begin
    -- A claim that a crash of the server takes along has dialled nobody: begin_dial commits to disk before that.
    perform set_config('synchronous_commit', 'off', true);
    select c.* into campaign from public.call_campaigns c
    where c.id = claim_contacts.campaign_id and c.status = 'active';
    if campaign.id is null then
        return;
    end if;
    if public.calling_number(campaign) is null or public.calling_agent(campaign) is null then
        perform public.pause_with_reason(campaign.id, 'not_ready',
            'The campaign has no active agent or no active number to call from. Give it both, then resume it.');
        return;
    end if;

    insert into public.dial_pace (organization_id) values (campaign.organization_id) on conflict do nothing;
    select p.* into pace from public.dial_pace p where p.organization_id = campaign.organization_id;
    allowed := least(claim_contacts.batch, public.allowed_dials(pace));
    if allowed <= 0 then
        return;
    end if;
    contacts := array(select d from public.pick_due_contacts(campaign, allowed) as d);
    if cardinality(contacts) = 0 then
        perform public.complete_campaign(campaign.id);
        return;
    end if;
    allowed := public.take_pace(campaign.organization_id, cardinality(contacts));

    return query
        with claimed as (
            insert into public.call_attempts as a
                (contact_id, campaign_id, organization_id, phone, number, idempotency_key, lease_expires_at)
            select c.id, c.campaign_id, c.organization_id, c.phone, n.number,
                   format('%s:%s:%s', c.campaign_id, c.id, n.number),
                   now() + make_interval(secs => claim_contacts.lease_seconds)
            from unnest(contacts[1:allowed]) as c,
                lateral (select coalesce(max(b.number), 0) + 1 as number
                         from public.call_attempts b where b.contact_id = c.id) as n
            -- Another campaign of the organization may have claimed the number since we looked.
            on conflict do nothing
            returning a.*
        ),
        moved as (
            update public.campaign_contacts c set status = 'calling'
            from claimed k where c.id = k.contact_id
            returning c.*
        )
        select o.*
        from claimed k
        join moved m on m.id = k.contact_id
        cross join lateral public.order_of(
            row(k.*)::public.call_attempts, row(m.*)::public.campaign_contacts, campaign) as o
        order by m.next_attempt_at, m.id;
end;
$$;

-- Ends an attempt of which it is certain that no phone has rung; its row is locked.
create function public.end_undialled(attempt public.call_attempts, verdict public.dial_verdict, error text)
returns void
language plpgsql set search_path = ''
as $$
declare
    campaign public.call_campaigns;
begin
    update public.call_attempts a
    set status = 'released', ended_at = public.campaign_now(), check_after = null,
        dialed_at = null, first_dialed_at = null,
        error = coalesce(end_undialled.error, a.error)
    where a.id = attempt.id;
    perform from public.campaign_contacts c where c.id = attempt.contact_id and c.status = 'calling' for no key update;
    if not found then
        return;
    end if;
    select c.* into campaign from public.call_campaigns c where c.id = attempt.campaign_id;
    if campaign.finished_at is not null and verdict.outcome is null then
        verdict.outcome := 'cancelled';
    end if;
    perform public.put_back(attempt.contact_id, verdict, (attempt.dialed_at is not null)::integer);
    if verdict.outcome is not null then
        perform public.complete_campaign(attempt.campaign_id);
    end if;
end;
$$;

create function public.release_attempt(
    attempt_id uuid, lease_token uuid, delay_seconds integer default 0, error text default null
)
returns boolean
language plpgsql set search_path = ''
as $$
declare
    attempt public.call_attempts;
    verdict public.dial_verdict;
begin
    select a.* into attempt from public.call_attempts a
    where a.id = release_attempt.attempt_id and a.lease_token = release_attempt.lease_token
      and a.status in ('claimed', 'dialing', 'unresolved')
    for no key update;
    if attempt.id is null then
        return false;
    end if;
    verdict.wait_until := public.campaign_now() + make_interval(secs => delay_seconds);
    perform public.end_undialled(attempt, verdict, error);
    return true;
end;
$$;

-- Why an attempt may not be dialled any more, by what has changed since its claim.
create function public.dial_obstacle(attempt public.call_attempts, campaign public.call_campaigns) returns text
language sql stable set search_path = ''
as $$
    select case
        when campaign.status <> 'active' then 'campaign_' || campaign.status
        when attempt.lease_expires_at <= now() then 'lease_expired'
        when exists (select from public.dial_pace p
                     where p.organization_id = campaign.organization_id and p.blocked_until > now()) then 'slowed_down'
    end;
$$;

create function public.begin_dial(attempt_id uuid, lease_token uuid) returns text
language plpgsql set search_path = ''
as $$
declare
    attempt public.call_attempts;
    contact public.campaign_contacts;
    campaign public.call_campaigns;
    verdict public.dial_verdict;
    obstacle text;
begin
    select a.* into attempt from public.call_attempts a
    where a.id = begin_dial.attempt_id and a.lease_token = begin_dial.lease_token
    for no key update;
    if attempt.status is distinct from 'claimed' then
        return 'not_claimed';
    end if;
    select c.* into contact from public.campaign_contacts c where c.id = attempt.contact_id;
    select c.* into campaign from public.call_campaigns c where c.id = attempt.campaign_id;
    verdict := public.judge_dial(contact, campaign);
    obstacle := coalesce(
        public.dial_obstacle(attempt, campaign), verdict.outcome,
        case when verdict.wait_until is not null then 'outside_hours' end);
    if obstacle is not null then
        perform public.end_undialled(attempt, verdict, obstacle);
        return obstacle;
    end if;
    update public.call_attempts a
    set status = 'dialing', dialed_at = public.campaign_now(), first_dialed_at = public.campaign_now(),
        lease_expires_at = now() + interval '60 seconds',
        check_after = public.campaign_now() + interval '5 minutes'
    where a.id = attempt.id;
    update public.campaign_contacts c set dials = c.dials + 1 where c.id = attempt.contact_id;
    return null;
end;
$$;

-- The call's row was there before its attempt was known to be its own: what it knows by now is the attempt's too.
-- True: it was over, and so is the attempt now.
create function public.join_call(attempt public.call_attempts, retell_call_id text) returns boolean
language plpgsql set search_path = ''
as $$
declare
    call public.calls;
    is_new boolean;
    is_ended boolean := false;
begin
    select c.* into call from public.calls c where c.retell_call_id = join_call.retell_call_id for no key update;
    if call.id is null then
        return false;
    end if;
    is_new := call.attempt_id is distinct from attempt.id;
    if is_new then
        call := public.link_call(call, attempt, attempt.organization_id);
        update public.call_events e set organization_id = call.organization_id
        where e.retell_call_id = call.retell_call_id and e.organization_id is null;
    end if;
    if call.status in ('completed', 'failed') and call.retell_call_id = attempt.retell_call_id then
        is_ended := public.end_attempt(
            attempt.id, call.disconnection_reason, call.ended_at, call.duration_ms, 0, 0);
    end if;
    if is_new or is_ended then
        if call.analysis is not null then
            perform public.note_analysis(call);
        end if;
        perform public.note_opt_out(call, false);
        if call.callback_at is not null then
            perform public.keep_callback(call);
        end if;
        perform public.complete_campaign(attempt.campaign_id);
    end if;
    return is_ended;
end;
$$;

-- The call exists whoever holds the lease by now: it is never left unwritten.
create function public.place_call(attempt_id uuid, retell_call_id text) returns boolean
language plpgsql set search_path = ''
as $$
declare
    attempt public.call_attempts;
    is_ended boolean := false;
begin
    -- Lost in a crash of the server, the attempt is still dialing, and so asked for by its key.
    perform set_config('synchronous_commit', 'off', true);
    update public.call_attempts a
    set status = case when a.status in ('dialing', 'unresolved') then 'placed' else a.status end,
        retell_call_id = coalesce(a.retell_call_id, place_call.retell_call_id),
        lease_expires_at = greatest(a.lease_expires_at, now() + interval '10 minutes')
    where a.id = place_call.attempt_id
    returning a.* into attempt;
    insert into public.calls
        (organization_id, campaign_id, contact_id, attempt_id, agent_id, retell_call_id, to_number)
    select attempt.organization_id, attempt.campaign_id, attempt.contact_id, attempt.id, c.agent_id,
           place_call.retell_call_id, attempt.phone
    from public.call_campaigns c where c.id = attempt.campaign_id
    on conflict do nothing;
    if attempt.id is not null and not found then
        is_ended := public.join_call(attempt, place_call.retell_call_id);
    end if;
    return coalesce(attempt.status = 'placed' and not is_ended, false);
end;
$$;

create function public.mark_unresolved(attempt_id uuid, lease_token uuid, error text) returns boolean
language sql set search_path = ''
as $$
    with unresolved as (
        update public.call_attempts a
        set status = 'unresolved', error = mark_unresolved.error, lease_expires_at = now() + interval '10 minutes',
            check_after = public.campaign_now() + interval '10 seconds'
        where a.id = mark_unresolved.attempt_id and a.lease_token = mark_unresolved.lease_token and a.status = 'dialing'
        returning 1
    )
    select exists (select from unresolved);
$$;

-- Attempts of which nobody knows whether the phone rings.
create function public.take_unresolved(batch integer)
returns table (dial public.dial_order, is_hopeless boolean)
language plpgsql set search_path = ''
as $$
begin
    return query
        with due as (
            select a.id from public.call_attempts a
            where a.status = 'unresolved' and a.check_after <= public.campaign_now()
            order by a.check_after limit batch for no key update skip locked
        ),
        taken as (
            update public.call_attempts a
            set lease_token = gen_random_uuid(), lease_expires_at = now() + interval '10 minutes',
                check_after = public.campaign_now() + interval '60 seconds'
            from due where a.id = due.id
            returning a.*
        )
        select public.order_of(row(t.*)::public.call_attempts, contact, campaign),
               t.first_dialed_at < public.campaign_now() - interval '65 minutes'
        from taken t
        join public.campaign_contacts contact on contact.id = t.contact_id
        join public.call_campaigns campaign on campaign.id = t.campaign_id;
end;
$$;

-- Judges an unresolved attempt again, right before its request leaves once more: the provider must still know the key,
-- so that this makes no second call. Null: it may not be sent. Else what dialed_at was, should it make no call.
create function public.begin_redial(attempt_id uuid, lease_token uuid) returns timestamptz
language plpgsql set search_path = ''
as $$
declare
    attempt public.call_attempts;
    contact public.campaign_contacts;
    campaign public.call_campaigns;
    is_free boolean;
begin
    select a.* into attempt from public.call_attempts a
    where a.id = begin_redial.attempt_id and a.lease_token = begin_redial.lease_token
      and a.first_dialed_at > public.campaign_now() - interval '50 minutes'
    for no key update;
    if attempt.status is distinct from 'unresolved' then
        return null;
    end if;
    select c.* into contact from public.campaign_contacts c where c.id = attempt.contact_id;
    select c.* into campaign from public.call_campaigns c where c.id = attempt.campaign_id;
    -- It is the same dial: it does not stand in its own way among the day's three.
    update public.call_attempts a set dialed_at = null where a.id = attempt.id;
    is_free := public.dial_obstacle(attempt, campaign) is null and public.judge_dial(contact, campaign) is null;
    update public.call_attempts a
    set dialed_at = case when is_free then public.campaign_now() else attempt.dialed_at end
    where a.id = attempt.id;
    return case when is_free then attempt.dialed_at end;
end;
$$;

-- The last request has made no call: if there is one, an earlier request has.
create function public.undo_redial(attempt_id uuid, lease_token uuid, dialed_at timestamptz) returns void
language sql set search_path = ''
as $$
    update public.call_attempts a set dialed_at = undo_redial.dialed_at
    where a.id = undo_redial.attempt_id and a.lease_token = undo_redial.lease_token and a.dialed_at is not null;
$$;

-- Placed calls of which nothing was heard for minutes; they keep their slots while they are asked for.
create function public.take_silent_calls(batch integer)
returns table (attempt_id uuid, retell_call_id text, was_heard_of boolean, is_over boolean)
language sql set search_path = ''
as $$
    with due as (
        select a.id from public.call_attempts a
        where a.status = 'placed' and a.check_after <= public.campaign_now()
        order by a.check_after limit batch for no key update skip locked
    ),
    taken as (
        update public.call_attempts a
        set check_after = public.campaign_now() + interval '5 minutes',
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

-- Calls that should have ended and that no open attempt waits for; each is asked for after twice the time, for a day.
create function public.take_open_calls(batch integer) returns table (retell_call_id text, is_hopeless boolean)
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

-- Ends a call whose end nobody will ever tell: failed, and not known to have lasted.
create function public.give_up_call(retell_call_id text) returns void
language sql set search_path = ''
as $$
    update public.calls c
    set status = 'failed',
        disconnection_reason = coalesce(c.disconnection_reason, 'unknown'),
        ended_at = coalesce(c.ended_at, c.started_at, c.created_at)
    where c.retell_call_id = give_up_call.retell_call_id and c.status in ('registered', 'in_progress');
$$;

-- Calls that have ended and whose analysis never came; each is asked for after twice the time, for a day.
create function public.take_unanalyzed_calls(batch integer) returns setof text
language sql set search_path = ''
as $$
    with due as (
        select c.id from public.calls c
        where c.analysis_due_at <= public.campaign_now()
        order by c.analysis_due_at limit batch for no key update skip locked
    )
    update public.calls c
    set analysis_due_at = case when public.campaign_now() < c.ended_at + interval '1 day'
        then public.campaign_now() + greatest(public.campaign_now() - c.ended_at, interval '10 minutes') end
    from due where c.id = due.id
    returning c.retell_call_id;
$$;

-- What a worker that died has left: undialled attempts go back, dialled ones become unresolved.
create function public.reap_leases(batch integer) returns integer
language plpgsql set search_path = ''
as $$
declare
    attempt public.call_attempts;
    reaped integer := 0;
begin
    for attempt in
        select a.* from public.call_attempts a
        where a.status in ('claimed', 'dialing') and a.lease_expires_at <= now()
        order by a.lease_expires_at limit batch for no key update skip locked
    loop
        if attempt.status = 'claimed' then
            perform public.end_undialled(attempt, row(null, null)::public.dial_verdict, 'lease_expired');
        else
            update public.call_attempts a
            set status = 'unresolved', error = 'lease_expired', lease_expires_at = now() + interval '10 minutes',
                check_after = public.campaign_now()
            where a.id = attempt.id;
        end if;
        reaped := reaped + 1;
    end loop;
    return reaped;
end;
$$;

create function public.refresh_pace(
    organization_id uuid, concurrency_limit integer, reserved_concurrency integer, current_concurrency integer
)
returns void
language plpgsql set search_path = ''
as $$
declare
    pace public.dial_pace;
    open_calls integer;
begin
    insert into public.dial_pace (organization_id) values (refresh_pace.organization_id) on conflict do nothing;
    select p.* into pace from public.dial_pace p
    where p.organization_id = refresh_pace.organization_id for no key update;
    select count(*) into open_calls from public.call_attempts a
    where a.organization_id = refresh_pace.organization_id and a.lease_expires_at > now()
      and a.status in ('claimed', 'dialing', 'placed', 'unresolved');
    update public.dial_pace p
    set concurrency_limit = refresh_pace.concurrency_limit,
        reserved_concurrency = refresh_pace.reserved_concurrency,
        checked_at = now(),
        current_limit = least(
            -- What calls of others occupy is not ours.
            greatest(refresh_pace.concurrency_limit - greatest(current_concurrency - open_calls, 0), 0),
            -- After a refusal the limit grows back by steps.
            case when p.blocked_until > now() then p.current_limit
                 when p.blocked_until > now() - interval '5 minutes'
                     then p.current_limit + greatest(refresh_pace.concurrency_limit / 4, 1)
                 else refresh_pace.concurrency_limit end)
    where p.organization_id = refresh_pace.organization_id;
end;
$$;

create function public.forbid_number(organization_id uuid, phone text) returns void
language sql set search_path = ''
as $$
    insert into public.do_not_call (organization_id, phone, reason)
    values (forbid_number.organization_id, forbid_number.phone, 'listed_by_provider')
    on conflict do nothing;
$$;

-- Milliseconds until a contact of the campaign may be dialled; null if none is due, or a call must end before.
create function public.next_dial_in(campaign_id uuid) returns integer
language plpgsql stable set search_path = ''
as $$
declare
    pace public.dial_pace;
begin
    perform from public.call_campaigns c
    where c.id = next_dial_in.campaign_id and c.status = 'active' and exists (
        select from public.campaign_contacts d
        where d.campaign_id = c.id and d.status = 'pending' and d.next_attempt_at <= public.campaign_now());
    if not found then
        return null;
    end if;
    select p.* into pace from public.dial_pace p
    join public.call_campaigns c on c.organization_id = p.organization_id where c.id = next_dial_in.campaign_id;
    if pace.organization_id is null then
        return 0;
    elsif pace.blocked_until > now() then
        return extract(epoch from pace.blocked_until - now()) * 1000;
    elsif public.free_slots(pace) = 0 then
        return null;
    end if;
    return ceil(greatest(1 - public.ready_tokens(pace), 0) * 1000 / pace.calls_per_second);
end;
$$;

revoke execute on function
    public.calling_number(public.call_campaigns),
    public.calling_agent(public.call_campaigns),
    public.free_slots(public.dial_pace),
    public.ready_tokens(public.dial_pace),
    public.allowed_dials(public.dial_pace),
    public.rested_at(uuid, text),
    public.order_of(public.call_attempts, public.campaign_contacts, public.call_campaigns),
    public.judge_dial(public.campaign_contacts, public.call_campaigns),
    public.put_back(bigint, public.dial_verdict, integer),
    public.pick_due_contacts(public.call_campaigns, integer),
    public.take_pace(uuid, integer),
    public.claim_contacts(uuid, integer, integer),
    public.end_undialled(public.call_attempts, public.dial_verdict, text),
    public.release_attempt(uuid, uuid, integer, text),
    public.dial_obstacle(public.call_attempts, public.call_campaigns),
    public.begin_dial(uuid, uuid),
    public.join_call(public.call_attempts, text),
    public.place_call(uuid, text),
    public.mark_unresolved(uuid, uuid, text),
    public.take_unresolved(integer),
    public.begin_redial(uuid, uuid),
    public.undo_redial(uuid, uuid, timestamptz),
    public.take_silent_calls(integer),
    public.take_open_calls(integer),
    public.give_up_call(text),
    public.take_unanalyzed_calls(integer),
    public.reap_leases(integer),
    public.refresh_pace(uuid, integer, integer, integer),
    public.forbid_number(uuid, text),
    public.next_dial_in(uuid)
    from public, anon, authenticated;

comment on function public.claim_contacts(uuid, integer, integer) is
    'Claim up to `batch` due contacts of an active campaign, as the pace allows, each by a new attempt under a lease.';
comment on function public.begin_dial(uuid, uuid) is
    'Judge a claimed attempt again, right before its request leaves. Null: it is now dialing. Else why not; it is released.';
comment on function public.place_call(uuid, text) is
    'The provider has the call of this attempt. True: it is open. A call that was reported before is linked, and its end is the attempt''s.';
comment on function public.mark_unresolved(uuid, uuid, text) is
    'The request has left, and nobody knows what became of it: the contact waits until that is known.';
comment on function public.release_attempt(uuid, uuid, integer, text) is
    'The request never left or was refused: the attempt counts for nothing, the contact is due again after the delay.';
comment on function public.take_unresolved(integer) is
    'Unresolved attempts to be asked for, under a new lease. is_hopeless: if the provider does not list it either, there was no call.';
comment on function public.begin_redial(uuid, uuid) is
    'Judge an unresolved attempt again, right before its request leaves by the same key. Not null: it may, and dialed_at was that.';
comment on function public.take_silent_calls(integer) is
    'Placed attempts to be asked for. was_heard_of: the call is known to have been made, by an event. is_over: its end is stored, and place_call applies it.';
comment on function public.take_open_calls(integer) is
    'Calls without an open attempt to be asked for. is_hopeless: if they are not over now, give_up_call ends them.';
comment on function public.refresh_pace(uuid, integer, integer, integer) is
    'Take over what the provider says of its limit, of what it reserves, and of what is in use.';
