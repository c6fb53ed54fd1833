-- Claims due contacts for dialling, each by a new attempt under a lease.

-- Queue a contact that was not dialled again, or end it for good (outcome).
create function telephony.reschedule_contact(contact_id bigint, checked telephony.dial_check, dials_undone integer default 0)
returns void
language sql set search_path = ''
as $$
    update public.campaign_contacts c
    set status = case when checked.outcome is null then 'pending'
                      when checked.outcome in ('do_not_call', 'cancelled') then 'cancelled'
                      when c.connected then 'completed' else 'failed' end,
        outcome = coalesce(checked.outcome, c.outcome),
        next_attempt_at = coalesce(checked.wait_until, c.next_attempt_at),
        dials = greatest(c.dials - dials_undone, c.attempts),
        completed_at = case when checked.outcome is not null then telephony.now() end
    where c.id = contact_id;
$$;

-- Lock due contacts that may be dialled now, and reschedule those that may not. Reads the index of due contacts from its
-- beginning and skips rows that other workers have locked.
create function telephony.pick_due_contacts(campaign public.call_campaigns, wanted integer)
returns setof public.campaign_contacts
language plpgsql set search_path = ''
as $$
declare
    contact public.campaign_contacts;
    checked telephony.dial_check;
    picked integer := 0;
begin
    for contact in
        select c.* from public.campaign_contacts c
        where c.campaign_id = campaign.id and c.status = 'pending' and c.next_attempt_at <= telephony.now()
        order by c.next_attempt_at, c.id limit 1000
        for no key update skip locked
    loop
        exit when picked = wanted;
        checked := telephony.check_dialable(contact, campaign);
        if checked.outcome is null and checked.wait_until is null and exists (
            select from public.call_attempts a
            where a.organization_id = contact.organization_id and a.phone = contact.phone
              and a.status in ('claimed', 'dialing', 'placed', 'unresolved'))
        then
            checked.wait_until := telephony.now() + interval '10 minutes';
        end if;
        if checked.outcome is null and checked.wait_until is null then
            picked := picked + 1;
            return next contact;
        else
            perform telephony.reschedule_contact(contact.id, checked);
        end if;
    end loop;
end;
$$;

create function public.claim_contacts_v1(campaign_id uuid, batch integer, lease_seconds integer default 60)
returns setof telephony.dial_request
language plpgsql set search_path = ''
as $$
declare
    campaign public.call_campaigns;
    pace public.dial_pace;
    contacts public.campaign_contacts[];
    allowed integer;
begin
    -- Losing a claim in a crash is harmless: begin_dial_v1 commits to disk before the request is sent.
    perform set_config('synchronous_commit', 'off', true);
    select c.* into campaign from public.call_campaigns c
    where c.id = claim_contacts_v1.campaign_id and c.status = 'active';
    if campaign.id is null then
        return;
    end if;
    if telephony.calling_number(campaign) is null or telephony.calling_agent(campaign) is null then
        perform telephony.pause_campaign(campaign.id, 'not_ready',
            'The campaign has no active agent or no active number to call from. Give it both, then resume it.');
        return;
    end if;

    insert into public.dial_pace (organization_id) values (campaign.organization_id) on conflict do nothing;
    select p.* into pace from public.dial_pace p where p.organization_id = campaign.organization_id;
    allowed := least(claim_contacts_v1.batch, telephony.allowed_dials(pace));
    if allowed <= 0 then
        return;
    end if;
    contacts := array(select d from telephony.pick_due_contacts(campaign, allowed) as d);
    if cardinality(contacts) = 0 then
        perform telephony.complete_campaign(campaign.id);
        return;
    end if;
    allowed := telephony.consume_rate_tokens(campaign.organization_id, cardinality(contacts));

    return query
        with claimed as (
            insert into public.call_attempts as a
                (contact_id, campaign_id, organization_id, phone, number, idempotency_key, lease_expires_at)
            select c.id, c.campaign_id, c.organization_id, c.phone, n.number,
                   format('%s:%s:%s', c.campaign_id, c.id, n.number),
                   now() + make_interval(secs => claim_contacts_v1.lease_seconds)
            from unnest(contacts[1:allowed]) as c,
                lateral (select coalesce(max(b.number), 0) + 1 as number
                         from public.call_attempts b where b.contact_id = c.id) as n
            -- Another campaign of the organization may have claimed the number meanwhile.
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
        cross join lateral telephony.build_dial_request(
            row(k.*)::public.call_attempts, row(m.*)::public.campaign_contacts, campaign) as o
        order by m.next_attempt_at, m.id;
end;
$$;
comment on function public.claim_contacts_v1(uuid, integer, integer) is
    'Claim up to `batch` due contacts of an active campaign, as the limits allow, each by a new attempt under a lease: rows of telephony.dial_request.';
