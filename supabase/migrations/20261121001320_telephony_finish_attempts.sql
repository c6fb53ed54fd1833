-- The end of an attempt and of its contact's turn. Locks are taken in this order: attempt, call, contact, campaign, pace.

-- The contact's status after a call; `next` is null if it is not dialled again.
create function telephony.contact_status_after(
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

-- When to dial the contact again; null if its tries are used up or it has no more calling hours.
create function telephony.compute_next_attempt(
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
    return telephony.next_open_time(
        contact.time_zones, campaign.opens_at, campaign.closes_at, campaign.calling_days,
        greatest(coalesce(attempt.dialed_at, telephony.now()) + delay, telephony.now()));
end;
$$;

-- End an open attempt; `added_…` is added to the contact's totals. False: it was not open. The caller completes the campaign
-- afterwards: one transaction may end many attempts of it.
create function telephony.end_attempt(
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
    -- Analyses usually follow the end: skip them cheaply.
    perform from public.call_attempts a
    where a.id = end_attempt.attempt_id and a.status not in ('ended', 'released')
    for no key update;
    if not found then
        return false;
    end if;
    -- A call of ten seconds was answered: without a reason it counts as hung up by the person.
    policy := telephony.find_policy(coalesce(reason, case when duration_ms >= 10000 then 'user_hangup' end));
    is_reached := policy.reached_delay is not null and coalesce(duration_ms, 0) >= 10000;
    is_brief := policy.brief_delay is not null and coalesce(duration_ms < 3000, false);
    is_connected := (policy.connected or is_reached) and not is_brief;
    update public.call_attempts a
    set status = 'ended',
        disconnection_reason = reason,
        counted = policy.counts,
        ended_at = coalesce(end_attempt.ended_at, telephony.now())
    where a.id = end_attempt.attempt_id
    returning a.* into attempt;

    select c.* into contact from public.campaign_contacts c where c.id = attempt.contact_id for no key update;
    select c.* into campaign from public.call_campaigns c where c.id = attempt.campaign_id;
    next := telephony.compute_next_attempt(
        contact, campaign, attempt, policy,
        case when is_brief then policy.brief_delay when is_reached then policy.reached_delay else policy.delay end);
    new_status := telephony.contact_status_after(contact, campaign, next, is_connected);

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
                            then coalesce(c.completed_at, telephony.now()) end
    where c.id = contact.id;
    perform telephony.apply_policy(attempt, policy);
    return true;
end;
$$;
