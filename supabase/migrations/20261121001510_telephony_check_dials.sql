-- Whether a contact may be dialled now, and the request for its call.

create function telephony.calling_agent(campaign public.call_campaigns) returns text
language sql stable set search_path = ''
as $$
    select a.retell_agent_id from public.agents a
    where a.id = campaign.agent_id and a.organization_id = campaign.organization_id and a.status = 'active';
$$;

-- When the limit of three dials within 24 hours allows the next one to the number; null: now.
create function telephony.cooldown_ends_at(organization_id uuid, phone text) returns timestamptz
language sql stable set search_path = ''
as $$
    select a.dialed_at + interval '24 hours'
    from public.call_attempts a
    where a.organization_id = cooldown_ends_at.organization_id and a.phone = cooldown_ends_at.phone
      and a.dialed_at > telephony.now() - interval '24 hours'
    order by a.dialed_at desc offset 2 limit 1;
$$;

-- Whether a contact may be dialled: never (outcome), later (wait_until), or now (both null).
create type telephony.dial_check as (outcome text, wait_until timestamptz);

-- Everything the request for a call needs.
create type telephony.dial_request as (
    attempt_id uuid, lease_token uuid, idempotency_key text, organization_id uuid, campaign_id uuid,
    contact_id bigint, phone text,
    name text, email text, company text, notes text, variables jsonb, campaign_name text,
    from_number text, retell_agent_id text
);

create function telephony.build_dial_request(
    attempt public.call_attempts, contact public.campaign_contacts, campaign public.call_campaigns
)
returns telephony.dial_request
language sql stable set search_path = ''
as $$
    select row(
        attempt.id, attempt.lease_token, attempt.idempotency_key, attempt.organization_id, campaign.id,
        contact.id, attempt.phone,
        contact.name, contact.email, contact.company, contact.notes, campaign.variables || contact.variables,
        campaign.name, telephony.calling_number(campaign), telephony.calling_agent(campaign))::telephony.dial_request;
$$;

create function telephony.check_dialable(contact public.campaign_contacts, campaign public.call_campaigns)
returns telephony.dial_check
language plpgsql stable set search_path = ''
as $$
declare
    moment constant timestamptz := telephony.now();
    earliest timestamptz;
    opens timestamptz;
begin
    if exists (select from public.do_not_call d
               where d.organization_id = contact.organization_id and d.phone = contact.phone) then
        return row('do_not_call', null)::telephony.dial_check;
    end if;
    if contact.attempts >= campaign.max_attempts then
        return row(coalesce(contact.outcome, 'failed'), null)::telephony.dial_check;
    end if;
    earliest := greatest(moment, telephony.cooldown_ends_at(contact.organization_id, contact.phone));
    opens := telephony.next_open_time(
        contact.time_zones, campaign.opens_at, campaign.closes_at, campaign.calling_days, earliest);
    if opens is null then
        return row('no_calling_hours', null)::telephony.dial_check;
    end if;
    return row(null, nullif(opens, moment))::telephony.dial_check;
end;
$$;

-- Why a claimed attempt may no longer be dialled; null if it may.
create function telephony.dial_obstacle(attempt public.call_attempts, campaign public.call_campaigns) returns text
language sql stable set search_path = ''
as $$
    select case
        when campaign.status <> 'active' then 'campaign_' || campaign.status
        when attempt.lease_expires_at <= now() then 'lease_expired'
        when exists (select from public.dial_pace p
                     where p.organization_id = campaign.organization_id and p.blocked_until > now()) then 'slowed_down'
    end;
$$;
