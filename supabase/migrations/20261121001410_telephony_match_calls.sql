-- Finds or creates the row of a reported call, and links it to its attempt, contact, campaign and organization.

-- By the provider's id, by the metadata, else by the number called if exactly one attempt can have made the call.
create function telephony.find_attempt(event telephony.call_event, from_organization uuid) returns uuid
language plpgsql stable set search_path = ''
as $$
declare
    found_id uuid;
begin
    select a.id into found_id from public.call_attempts a where a.retell_call_id = event.call_id;
    if found_id is null and event.attempt_id is not null then
        select a.id into found_id from public.call_attempts a where a.id = event.attempt_id;
    end if;
    if found_id is null and event.contact_id is not null then
        select a.id into found_id from public.call_attempts a
        where a.contact_id = event.contact_id and a.ended_at is null;
    end if;
    if found_id is null and event.direction <> 'inbound' then
        select min(a.id::text)::uuid into found_id from public.call_attempts a
        where a.phone = event.to_number and a.status in ('dialing', 'unresolved')
          and (from_organization is null or a.organization_id = from_organization)
          and (a.retell_call_id is null or a.retell_call_id = event.call_id)
        having count(*) = 1;
    end if;
    return found_id;
end;
$$;

-- By our number, else by the agent if only one organization has it.
create function telephony.find_organization(event telephony.call_event) returns uuid
language sql stable set search_path = ''
as $$
    select coalesce(
        (select n.organization_id from public.phone_numbers n
         where n.phone_number = case when event.direction = 'inbound' then event.to_number else event.from_number end),
        (select min(a.organization_id::text)::uuid from public.agents a
         where a.retell_agent_id = event.agent_id having count(distinct a.organization_id) = 1));
$$;

create function telephony.notify_inbound_call(call public.calls) returns void
language sql set search_path = ''
as $$
    insert into public.notifications (organization_id, kind, title, data)
    values (call.organization_id, 'inbound_call', format('Inbound call from %s', coalesce(call.from_number, 'an unknown number')),
            jsonb_build_object('call_id', call.id, 'retell_call_id', call.retell_call_id));
    insert into public.activity_logs (organization_id, action, subject, data)
    values (call.organization_id, 'call_inbound', call.id::text,
            jsonb_build_object('from_number', call.from_number, 'to_number', call.to_number));
$$;

-- An attempt has one call. A second call that names the same attempt is linked to the contact, not to the attempt.
create function telephony.link_call(call public.calls, attempt public.call_attempts, organization uuid)
returns public.calls
language plpgsql set search_path = ''
as $$
declare
    is_attempts_call constant boolean := coalesce(attempt.retell_call_id, call.retell_call_id) = call.retell_call_id;
    linked public.calls;
begin
    if attempt.id is null and (call.organization_id is not null or organization is null) then
        return call;
    end if;
    if is_attempts_call and (attempt.retell_call_id is null or attempt.status in ('dialing', 'unresolved')) then
        update public.call_attempts a
        set retell_call_id = call.retell_call_id,
            status = case when a.status in ('claimed', 'dialing', 'unresolved') then 'placed' else a.status end,
            lease_expires_at = greatest(a.lease_expires_at, now() + interval '5 minutes')
        where a.id = attempt.id;
    end if;
    if call.contact_id is not null and (call.attempt_id is not null or not is_attempts_call) then
        return call;
    end if;
    update public.calls c
    set organization_id = coalesce(attempt.organization_id, c.organization_id, organization),
        campaign_id = coalesce(attempt.campaign_id, c.campaign_id),
        contact_id = coalesce(attempt.contact_id, c.contact_id),
        attempt_id = coalesce(c.attempt_id, case when is_attempts_call then attempt.id end)
    where c.id = call.id
    returning c.* into linked;
    if call.contact_id is null and (linked.duration_ms > 0 or linked.cost_cents > 0) then
        update public.campaign_contacts c
        set duration_ms = c.duration_ms + coalesce(linked.duration_ms, 0),
            cost_cents = c.cost_cents + coalesce(linked.cost_cents, 0)
        where c.id = linked.contact_id;
    end if;
    return linked;
end;
$$;

-- Locks the attempt before the call.
create function telephony.find_or_create_call(event telephony.call_event) returns public.calls
language plpgsql set search_path = ''
as $$
declare
    stored public.calls;
    attempt public.call_attempts;
    organization uuid;
begin
    select c.* into stored from public.calls c where c.retell_call_id = event.call_id;
    if stored.contact_id is null then
        organization := coalesce(stored.organization_id, telephony.find_organization(event));
        stored.attempt_id := telephony.find_attempt(event, organization);
    end if;
    select a.* into attempt from public.call_attempts a where a.id = stored.attempt_id for no key update;
    if stored.id is null then
        insert into public.calls (retell_call_id, retell_agent_id, direction, from_number, to_number, organization_id)
        values (event.call_id, event.agent_id, event.direction, event.from_number, event.to_number, organization)
        on conflict (retell_call_id) do nothing
        returning * into stored;
        if stored.direction = 'inbound' and organization is not null then
            perform telephony.notify_inbound_call(stored);
        end if;
    end if;
    select c.* into stored from public.calls c where c.retell_call_id = event.call_id for no key update;
    return telephony.link_call(stored, attempt, organization);
end;
$$;
