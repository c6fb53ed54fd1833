-- Dialling: contacts are claimed under a lease, judged again right before the request leaves, and what the provider
-- said of the request is written down. Locks come in the order of settle_attempt: attempt, contact, campaign, pace.

alter table public.call_attempts add column check_after timestamptz;
comment on column public.call_attempts.check_after is
    'When to ask the provider what became of the call, by campaign_now(); null until it is dialled.';

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
    set status = 'released', ended_at = public.campaign_now(), dialed_at = null, check_after = null,
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
    set status = 'dialing', dialed_at = public.campaign_now(), lease_expires_at = now() + interval '60 seconds',
        check_after = public.campaign_now() + interval '5 minutes'
    where a.id = attempt.id;
    update public.campaign_contacts c set dials = c.dials + 1 where c.id = attempt.contact_id;
    return null;
end;
$$;

-- The call exists whoever holds the lease by now: it is never left unwritten.
create function public.place_call(attempt_id uuid, retell_call_id text) returns boolean
language plpgsql set search_path = ''
as $$
declare
    attempt public.call_attempts;
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
    return coalesce(attempt.status = 'placed', false);
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

-- Attempts of which nobody knows whether the phone rings. may_redial: the provider still knows the key, so that asking
-- again makes no second call, and the contact may be called at this moment.
create function public.take_unresolved(batch integer)
returns table (dial public.dial_order, may_redial boolean, dialed_at timestamptz, is_hopeless boolean)
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
               t.dialed_at > public.campaign_now() - interval '50 minutes'
                   and public.dial_obstacle(row(t.*)::public.call_attempts, campaign) is null
                   and public.judge_dial(contact, campaign) is null,
               t.dialed_at,
               t.dialed_at < public.campaign_now() - interval '65 minutes'
        from taken t
        join public.campaign_contacts contact on contact.id = t.contact_id
        join public.call_campaigns campaign on campaign.id = t.campaign_id;
end;
$$;

-- Placed calls of which nothing was heard for minutes; they keep their slots while they are asked for.
create function public.take_silent_calls(batch integer) returns table (attempt_id uuid, retell_call_id text)
language sql set search_path = ''
as $$
    with due as (
        select a.id from public.call_attempts a
        where a.status = 'placed' and a.check_after <= public.campaign_now()
        order by a.check_after limit batch for no key update skip locked
    )
    update public.call_attempts a
    set check_after = public.campaign_now() + interval '5 minutes',
        lease_expires_at = greatest(a.lease_expires_at, now() + interval '10 minutes')
    from due where a.id = due.id
    returning a.id, a.retell_call_id;
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
    public.place_call(uuid, text),
    public.mark_unresolved(uuid, uuid, text),
    public.take_unresolved(integer),
    public.take_silent_calls(integer),
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
    'The provider has the call of this attempt. True: it is open.';
comment on function public.mark_unresolved(uuid, uuid, text) is
    'The request has left, and nobody knows what became of it: the contact waits until that is known.';
comment on function public.release_attempt(uuid, uuid, integer, text) is
    'The request never left or was refused: the attempt counts for nothing, the contact is due again after the delay.';
comment on function public.take_unresolved(integer) is
    'Unresolved attempts to be asked for, under a new lease. may_redial: by the same key, without a second call. is_hopeless: if the provider does not list it either, there was no call.';
comment on function public.refresh_pace(uuid, integer, integer, integer) is
    'Take over what the provider says of its limit, of what it reserves, and of what is in use.';
