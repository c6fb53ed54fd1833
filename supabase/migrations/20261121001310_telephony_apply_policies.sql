-- What an ended attempt means for its campaign, its organization and the do-not-call list.

-- The end of an attempt, in one place: its contact, its campaign, the do-not-call list and the pace follow the policy.
-- Whoever locks several rows of one call does it in this order: attempt, call, contact, campaign, pace.

create function telephony.find_policy(reason text) returns public.disconnection_policies
language sql stable set search_path = ''
as $$
    select p.* from public.disconnection_policies p
    where p.reason in (find_policy.reason, 'unknown')
    order by p.reason = find_policy.reason desc nulls last
    limit 1;
$$;

-- The provider refused a call for its number of calls at once: halve the organization's limit, dial nothing for
-- half a minute.
create function telephony.slow_down(organization_id uuid) returns void
language sql set search_path = ''
as $$
    insert into public.dial_pace as p (organization_id, current_limit, blocked_until)
    values (slow_down.organization_id, 10, now() + interval '30 seconds')
    on conflict on constraint dial_pace_pkey do update set
        -- Concurrent refusals halve the limit once.
        current_limit = case when p.blocked_until > now() then p.current_limit
                             else least(p.current_limit, greatest(p.current_limit / 2, 1)) end,
        blocked_until = greatest(p.blocked_until, excluded.blocked_until);
$$;

create function public.slow_down_v1(organization_id uuid) returns void
language sql set search_path = ''
as $$ select telephony.slow_down(organization_id) $$;
comment on function public.slow_down_v1 is 'Halve the organizations concurrency and dial nothing for 30 seconds: the provider refused a call for too many at once.';

-- The number that a campaign calls from: its own, else the organization's primary one.
create function telephony.calling_number(campaign public.call_campaigns) returns text
language sql stable set search_path = ''
as $$
    select n.phone_number from public.phone_numbers n
    where n.organization_id = campaign.organization_id and n.status = 'active'
      and case when campaign.phone_number_id is null then n.is_primary else n.id = campaign.phone_number_id end;
$$;

-- Whether the campaign's last calls all ended for reasons with this policy's message.
create function telephony.has_repeated_failures(campaign_id uuid, policy public.disconnection_policies) returns boolean
language sql stable set search_path = ''
as $$
    select count(*) = policy.pauses_after and bool_and(p.message is not distinct from policy.message)
    from (select c.disconnection_reason from public.calls c
          where c.campaign_id = has_repeated_failures.campaign_id and c.status in ('completed', 'failed')
          order by c.created_at desc limit policy.pauses_after) as last
    left join public.disconnection_policies p on p.reason = last.disconnection_reason;
$$;

-- Notify the organization, once a campaign and reason.
create function telephony.notify_unknown_reason(attempt public.call_attempts) returns void
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

-- Apply what the policy says beyond the contact.
create function telephony.apply_policy(attempt public.call_attempts, policy public.disconnection_policies)
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
        perform telephony.pause_campaign(attempt.campaign_id, policy.reason, policy.message);
    elsif policy.disposition = 'slow_down' then
        perform telephony.slow_down(attempt.organization_id);
    end if;
    if policy.stops_number then
        update public.phone_numbers n set status = 'inactive'
        from public.call_campaigns c
        where c.id = attempt.campaign_id and n.phone_number = telephony.calling_number(c);
    end if;
    if policy.pauses_after is not null and telephony.has_repeated_failures(attempt.campaign_id, policy) then
        perform telephony.pause_campaign(attempt.campaign_id, policy.reason, policy.message);
    end if;
    if policy.follow_up is not null then
        insert into public.notifications (organization_id, kind, title, body, data)
        select c.organization_id, 'follow_up', format('Call back %s', coalesce(c.name, c.phone)), policy.follow_up,
               jsonb_build_object('campaign_id', c.campaign_id, 'contact_id', c.id, 'phone', c.phone)
        from public.campaign_contacts c where c.id = attempt.contact_id;
    end if;
    if policy.reason = 'unknown' and attempt.disconnection_reason is distinct from 'unknown' then
        perform telephony.notify_unknown_reason(attempt);
    end if;
end;
$$;
