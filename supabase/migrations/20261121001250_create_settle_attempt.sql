-- The end of an attempt, in one place: its contact, its campaign, the do-not-call list and the pace follow the policy.
-- Whoever locks several rows of one call does it in this order: attempt, call, contact, campaign, pace.

create function public.policy_for(reason text) returns public.disconnection_policies
language sql stable set search_path = ''
as $$
    select p.* from public.disconnection_policies p
    where p.reason in (policy_for.reason, 'unknown')
    order by p.reason = policy_for.reason desc nulls last
    limit 1;
$$;

create function public.slow_down(organization_id uuid) returns void
language sql set search_path = ''
as $$
    insert into public.dial_pace as p (organization_id, current_limit, blocked_until)
    values (slow_down.organization_id, 10, now() + interval '30 seconds')
    on conflict on constraint dial_pace_pkey do update set
        -- Calls that were refused together tell one thing, not one each.
        current_limit = case when p.blocked_until > now() then p.current_limit
                             else least(p.current_limit, greatest(p.current_limit / 2, 1)) end,
        blocked_until = greatest(p.blocked_until, excluded.blocked_until);
$$;

create function public.pause_with_reason(campaign_id uuid, reason text, message text) returns boolean
language plpgsql set search_path = ''
as $$
declare
    paused public.call_campaigns;
begin
    update public.call_campaigns c
    set status = 'paused', status_reason = message, updated_at = now()
    where c.id = pause_with_reason.campaign_id and c.status = 'active'
    returning c.* into paused;
    if paused.id is null then
        return false;
    end if;
    insert into public.notifications (organization_id, kind, title, body, data)
    values (paused.organization_id, 'campaign_paused', format('The campaign %s is paused', paused.name), message,
            jsonb_build_object('campaign_id', paused.id, 'reason', reason));
    insert into public.activity_logs (organization_id, action, subject, data)
    values (paused.organization_id, 'campaign_paused', paused.id::text, jsonb_build_object('reason', reason));
    return true;
end;
$$;

create function public.has_open_contacts(campaign_id uuid, beyond integer default 0) returns boolean
language sql stable set search_path = ''
as $$
    select exists (
        select from public.campaign_contacts c
        where c.campaign_id = has_open_contacts.campaign_id and c.status = 'calling' offset beyond
    ) or exists (
        select from public.campaign_contacts c
        where c.campaign_id = has_open_contacts.campaign_id and c.status = 'pending' offset beyond
    );
$$;

create function public.complete_campaign(campaign_id uuid) returns boolean
language plpgsql set search_path = ''
as $$
declare
    finished public.call_campaigns;
begin
    -- More are open than there can be transactions that are closing them just now: another call is the last.
    if public.has_open_contacts(campaign_id, current_setting('max_connections')::integer) then
        return false;
    end if;
    -- Of two last calls that end together the second waits here, and then sees the first one's end. While failed contacts
    -- are being queued again it is not the end that nobody waits: requeue_failed asks when they all are.
    perform from public.call_campaigns c
    where c.id = complete_campaign.campaign_id and c.status = 'active' and c.retried_at is null for no key update;
    if not found or public.has_open_contacts(campaign_id) then
        return false;
    end if;
    update public.call_campaigns c
    set status = 'completed', status_reason = null, finished_at = public.campaign_now(), updated_at = now()
    where c.id = complete_campaign.campaign_id
    returning c.* into finished;
    insert into public.notifications (organization_id, kind, title, data)
    values (finished.organization_id, 'campaign_completed', format('The campaign %s is complete', finished.name),
            jsonb_build_object('campaign_id', finished.id));
    insert into public.activity_logs (organization_id, action, subject)
    values (finished.organization_id, 'campaign_completed', finished.id::text);
    return true;
end;
$$;

-- What a contact is after a call: `next` is null if it is not to be dialled again.
create function public.status_after_call(
    contact public.campaign_contacts, campaign public.call_campaigns, next timestamptz, connected boolean
)
returns text
language sql stable set search_path = ''
as $$
    select case
        when contact.status <> 'calling' then contact.status
        when next is null then case when contact.connected or connected then 'completed' else 'failed' end
        when campaign.finished_at is null then 'pending'
        else 'cancelled'
    end;
$$;

create function public.next_attempt_after(
    contact public.campaign_contacts,
    campaign public.call_campaigns,
    attempt public.call_attempts,
    policy public.disconnection_policies,
    delay interval
)
returns timestamptz
language plpgsql stable set search_path = ''
as $$
begin
    if delay is null
        or policy.counts and contact.attempts + 1 >= least(policy.max_tries, campaign.max_attempts)
        or not policy.counts and contact.dials >= policy.max_tries
    then
        return null;
    end if;
    return public.next_open_time(
        contact.time_zones, campaign.opens_at, campaign.closes_at, campaign.calling_days,
        greatest(coalesce(attempt.dialed_at, public.campaign_now()) + delay, public.campaign_now()));
end;
$$;

-- Ends an open attempt; `added_…` is what its call adds to the contact's figures. False: it was not open. The campaign
-- is left to the caller, who completes it after all else: of many attempts in one transaction the last may be the last.
create function public.end_attempt(
    attempt_id uuid, reason text, ended_at timestamptz,
    duration_ms bigint, added_ms bigint, added_cents numeric
)
returns boolean
language plpgsql set search_path = ''
as $$
declare
    policy public.disconnection_policies;
    is_reached boolean;
    is_brief boolean;
    is_connected boolean;
    attempt public.call_attempts;
    contact public.campaign_contacts;
    campaign public.call_campaigns;
    next timestamptz;
    new_status text;
begin
    -- What is analysed has mostly ended before.
    perform from public.call_attempts a
    where a.id = end_attempt.attempt_id and a.status not in ('ended', 'released')
    for no key update;
    if not found then
        return false;
    end if;
    -- Ten seconds are more than it takes a line to fail: somebody was there, who needs no other call if no reason is told.
    policy := public.policy_for(coalesce(reason, case when duration_ms >= 10000 then 'user_hangup' end));
    is_reached := policy.reached_delay is not null and coalesce(duration_ms, 0) >= 10000;
    is_brief := policy.brief_delay is not null and coalesce(duration_ms < 3000, false);
    is_connected := (policy.connected or is_reached) and not is_brief;
    update public.call_attempts a
    set status = 'ended',
        disconnection_reason = reason,
        counted = policy.counts,
        ended_at = coalesce(end_attempt.ended_at, public.campaign_now())
    where a.id = end_attempt.attempt_id
    returning a.* into attempt;

    select c.* into contact from public.campaign_contacts c where c.id = attempt.contact_id for no key update;
    select c.* into campaign from public.call_campaigns c where c.id = attempt.campaign_id;
    next := public.next_attempt_after(
        contact, campaign, attempt, policy,
        case when is_brief then policy.brief_delay when is_reached then policy.reached_delay else policy.delay end);
    new_status := public.status_after_call(contact, campaign, next, is_connected);

    update public.campaign_contacts c
    set status = new_status,
        outcome = case when is_brief then 'hung_up' else policy.outcome end,
        attempts = c.attempts + policy.counts::integer,
        dials = greatest(
            c.dials, c.attempts + policy.counts::integer,
            (select count(*) from public.call_attempts a where a.contact_id = c.id and a.dialed_at is not null)),
        next_attempt_at = coalesce(next, c.next_attempt_at),
        connected = c.connected or is_connected,
        voicemail = c.voicemail or policy.voicemail,
        duration_ms = c.duration_ms + added_ms,
        cost_cents = c.cost_cents + added_cents,
        completed_at = case when new_status in ('completed', 'failed', 'cancelled')
                            then coalesce(c.completed_at, public.campaign_now()) end
    where c.id = contact.id;
    perform public.follow_policy(attempt, policy);
    return true;
end;
$$;

-- What an ended attempt means beyond its contact.
create function public.follow_policy(attempt public.call_attempts, policy public.disconnection_policies)
returns void
language plpgsql set search_path = ''
as $$
begin
    if policy.adds_do_not_call then
        insert into public.do_not_call (organization_id, phone, reason, retell_call_id)
        values (attempt.organization_id, attempt.phone, attempt.disconnection_reason, attempt.retell_call_id)
        on conflict do nothing;
    end if;
    if policy.disposition = 'pause_campaign' then
        perform public.pause_with_reason(attempt.campaign_id, policy.reason, policy.message);
    elsif policy.disposition = 'slow_down' then
        perform public.slow_down(attempt.organization_id);
    end if;
    if policy.stops_number then
        update public.phone_numbers n set status = 'inactive'
        from public.call_campaigns c
        where c.id = attempt.campaign_id and n.phone_number = public.calling_number(c);
    end if;
    if policy.pauses_after is not null and public.ends_in_a_row(attempt.campaign_id, policy) then
        perform public.pause_with_reason(attempt.campaign_id, policy.reason, policy.message);
    end if;
    if policy.follow_up is not null then
        insert into public.notifications (organization_id, kind, title, body, data)
        select c.organization_id, 'follow_up', format('Call back %s', coalesce(c.name, c.phone)), policy.follow_up,
               jsonb_build_object('campaign_id', c.campaign_id, 'contact_id', c.id, 'phone', c.phone)
        from public.campaign_contacts c where c.id = attempt.contact_id;
    end if;
    if policy.reason = 'unknown' and attempt.disconnection_reason is distinct from 'unknown' then
        perform public.report_unknown_reason(attempt);
    end if;
end;
$$;

-- Whether the campaign's last calls all ended for reasons with this policy's message.
create function public.ends_in_a_row(campaign_id uuid, policy public.disconnection_policies) returns boolean
language sql stable set search_path = ''
as $$
    select count(*) = policy.pauses_after and bool_and(p.message is not distinct from policy.message)
    from (select c.disconnection_reason from public.calls c
          where c.campaign_id = ends_in_a_row.campaign_id and c.status in ('completed', 'failed')
          order by c.created_at desc limit policy.pauses_after) as last
    left join public.disconnection_policies p on p.reason = last.disconnection_reason;
$$;

create function public.report_unknown_reason(attempt public.call_attempts) returns void
language sql set search_path = ''
as $$
    insert into public.notifications (organization_id, kind, title, body, data)
    select attempt.organization_id, 'unknown_disconnection_reason',
           format('A call ended for a reason without a policy: %s', coalesce(attempt.disconnection_reason, 'none')),
           'The contact is called again later. A row in disconnection_policies would say what to do.',
           jsonb_build_object('campaign_id', attempt.campaign_id, 'reason', attempt.disconnection_reason)
    where not exists (
        select from public.notifications n
        where n.organization_id = attempt.organization_id and n.kind = 'unknown_disconnection_reason'
          and n.data @> jsonb_build_object(
              'campaign_id', attempt.campaign_id, 'reason', attempt.disconnection_reason));
$$;

create function public.call_status_after(reason text, provider_status text) returns text
language sql stable set search_path = ''
as $$
    select case
        when provider_status = 'ended' then 'completed'
        when provider_status in ('not_connected', 'error') then 'failed'
        when reason is null then 'completed'
        when exists (
            select from public.disconnection_policies p
            where p.reason = call_status_after.reason and (p.connected or p.outcome in ('voicemail', 'ivr'))
        ) then 'completed'
        else 'failed'
    end;
$$;

create function public.settle_attempt(
    attempt_id uuid,
    reason text,
    ended_at timestamptz default null,
    duration_ms bigint default null,
    cost_cents numeric default null
)
returns boolean
language plpgsql set search_path = ''
as $$
declare
    attempt public.call_attempts;
    before public.calls;
    after public.calls;
begin
    select a.* into attempt from public.call_attempts a
    where a.id = settle_attempt.attempt_id and a.status not in ('ended', 'released')
    for no key update;
    if attempt.id is null then
        return false;
    end if;
    if attempt.retell_call_id is not null then
        insert into public.calls (organization_id, campaign_id, contact_id, attempt_id, retell_call_id, to_number)
        values (attempt.organization_id, attempt.campaign_id, attempt.contact_id, attempt.id,
                attempt.retell_call_id, attempt.phone)
        on conflict do nothing;
    end if;
    select c.* into before from public.calls c where c.attempt_id = attempt.id for no key update;
    update public.calls c
    set status = case when c.status in ('registered', 'in_progress')
                      then public.call_status_after(reason, null) else c.status end,
        disconnection_reason = coalesce(c.disconnection_reason, reason),
        ended_at = coalesce(c.ended_at, settle_attempt.ended_at, public.campaign_now()),
        duration_ms = greatest(c.duration_ms, settle_attempt.duration_ms),
        cost_cents = greatest(c.cost_cents, settle_attempt.cost_cents)
    where c.id = before.id
    returning c.* into after;
    perform public.end_attempt(
        attempt.id, reason, ended_at, settle_attempt.duration_ms,
        coalesce(after.duration_ms, 0) - coalesce(before.duration_ms, 0),
        coalesce(after.cost_cents, 0) - coalesce(before.cost_cents, 0));
    perform public.complete_campaign(attempt.campaign_id);
    return true;
end;
$$;

revoke execute on function
    public.policy_for(text),
    public.slow_down(uuid),
    public.pause_with_reason(uuid, text, text),
    public.has_open_contacts(uuid, integer),
    public.complete_campaign(uuid),
    public.status_after_call(public.campaign_contacts, public.call_campaigns, timestamptz, boolean),
    public.next_attempt_after(
        public.campaign_contacts, public.call_campaigns, public.call_attempts,
        public.disconnection_policies, interval),
    public.end_attempt(uuid, text, timestamptz, bigint, bigint, numeric),
    public.follow_policy(public.call_attempts, public.disconnection_policies),
    public.ends_in_a_row(uuid, public.disconnection_policies),
    public.report_unknown_reason(public.call_attempts),
    public.call_status_after(text, text),
    public.settle_attempt(uuid, text, timestamptz, bigint, numeric)
    from public, anon, authenticated;

comment on function public.policy_for(text) is
    'The policy of a disconnection reason; that of unknown for a reason without one, or for none.';
comment on function public.slow_down(uuid) is
    'The provider refused a call for its number of calls at once: halve the organization''s limit, dial nothing for half a minute.';
comment on function public.pause_with_reason(uuid, text, text) is
    'Pause an active campaign, with a message to its people. False: it was not active.';
comment on function public.has_open_contacts(uuid, integer) is
    'Whether more than `beyond` contacts of the campaign are pending, or calling.';
comment on function public.complete_campaign(uuid) is
    'Complete an active campaign if nobody is left to be called. Called by whoever ends a contact, and each minute.';
comment on function public.status_after_call(public.campaign_contacts, public.call_campaigns, timestamptz, boolean) is
    'The contact''s next status.';
comment on function public.next_attempt_after(
    public.campaign_contacts, public.call_campaigns, public.call_attempts, public.disconnection_policies, interval) is
    'When to dial the contact again; null if its tries are used up or it has no more calling hours.';
comment on function public.end_attempt(uuid, text, timestamptz, bigint, bigint, numeric) is
    'The step of settle_attempt and apply_call_event that ends an open attempt and moves its contact on.';
comment on function public.follow_policy(public.call_attempts, public.disconnection_policies) is
    'The do-not-call entry, the pause, the slower pace or the notification that an ended attempt brings.';
comment on function public.report_unknown_reason(public.call_attempts) is
    'Notify the organization, once a campaign and reason.';
comment on function public.call_status_after(text, text) is
    'completed or failed, by what the provider says of the call, else by the policy.';
comment on function public.settle_attempt(uuid, text, timestamptz, bigint, numeric) is
    'End an attempt and all that hangs on it, once: true for the call that did it. Duration and cost are the whole call''s; they count only if the attempt has one.';
