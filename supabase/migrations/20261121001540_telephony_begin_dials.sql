-- The moment before the request to the provider leaves, and its outcomes without a call.

create function public.begin_dial_v1(attempt_id uuid, lease_token uuid) returns text
language plpgsql set search_path = ''
as $$
declare
    attempt public.call_attempts;
    contact public.campaign_contacts;
    campaign public.call_campaigns;
    checked telephony.dial_check;
    obstacle text;
begin
    select a.* into attempt from public.call_attempts a
    where a.id = begin_dial_v1.attempt_id and a.lease_token = begin_dial_v1.lease_token
    for no key update;
    if attempt.status is distinct from 'claimed' then
        return 'not_claimed';
    end if;
    select c.* into contact from public.campaign_contacts c where c.id = attempt.contact_id;
    select c.* into campaign from public.call_campaigns c where c.id = attempt.campaign_id;
    checked := telephony.check_dialable(contact, campaign);
    obstacle := coalesce(
        telephony.dial_obstacle(attempt, campaign), checked.outcome,
        case when checked.wait_until is not null then 'outside_hours' end);
    if obstacle is not null then
        perform telephony.release_undialled(attempt, checked, obstacle);
        return obstacle;
    end if;
    update public.call_attempts a
    set status = 'dialing', dialed_at = telephony.now(), first_dialed_at = telephony.now(),
        lease_expires_at = now() + interval '60 seconds',
        check_after = telephony.now() + interval '5 minutes'
    where a.id = attempt.id;
    update public.campaign_contacts c set dials = c.dials + 1 where c.id = attempt.contact_id;
    return null;
end;
$$;
comment on function public.begin_dial_v1(uuid, uuid) is
    'Check a claimed attempt again right before its request is sent. Null: it is now dialing. Else why not; it is released.';

create function public.mark_unresolved_v1(attempt_id uuid, lease_token uuid, error text) returns boolean
language sql set search_path = ''
as $$
    with unresolved as (
        update public.call_attempts a
        set status = 'unresolved', error = mark_unresolved_v1.error, lease_expires_at = now() + interval '10 minutes',
            check_after = telephony.now() + interval '10 seconds'
        where a.id = mark_unresolved_v1.attempt_id and a.lease_token = mark_unresolved_v1.lease_token and a.status = 'dialing'
        returning 1
    )
    select exists (select from unresolved);
$$;
comment on function public.mark_unresolved_v1(uuid, uuid, text) is
    'The request was sent, and its outcome is unknown: the contact waits until it is known.';

create function public.add_do_not_call_v1(organization_id uuid, phone text) returns void
language sql set search_path = ''
as $$
    insert into public.do_not_call (organization_id, phone, reason)
    values (add_do_not_call_v1.organization_id, add_do_not_call_v1.phone, 'listed_by_provider')
    on conflict do nothing;
$$;
