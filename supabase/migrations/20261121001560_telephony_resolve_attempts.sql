-- Attempts whose request may or may not have made a call.

-- Lease attempts whose outcome is unknown.
create function public.claim_unresolved_attempts_v1(batch integer)
returns table (dial telephony.dial_request, is_hopeless boolean)
language plpgsql set search_path = ''
as $$
begin
    return query
        with due as (
            select a.id from public.call_attempts a
            where a.status = 'unresolved' and a.check_after <= telephony.now()
            order by a.check_after limit batch for no key update skip locked
        ),
        taken as (
            update public.call_attempts a
            set lease_token = gen_random_uuid(), lease_expires_at = now() + interval '10 minutes',
                check_after = telephony.now() + interval '60 seconds'
            from due where a.id = due.id
            returning a.*
        )
        select telephony.build_dial_request(row(t.*)::public.call_attempts, contact, campaign),
               t.first_dialed_at < telephony.now() - interval '65 minutes'
        from taken t
        join public.campaign_contacts contact on contact.id = t.contact_id
        join public.call_campaigns campaign on campaign.id = t.campaign_id;
end;
$$;
comment on function public.claim_unresolved_attempts_v1(integer) is
    'Unresolved attempts to look up, under a new lease. is_hopeless: old enough that a call the provider does not list was not made.';

-- The provider must still know the idempotency key, so that the repeated request makes no second call.
create function public.resend_dial_v1(attempt_id uuid, lease_token uuid) returns timestamptz
language plpgsql set search_path = ''
as $$
declare
    attempt public.call_attempts;
    contact public.campaign_contacts;
    campaign public.call_campaigns;
    is_free boolean;
begin
    select a.* into attempt from public.call_attempts a
    where a.id = resend_dial_v1.attempt_id and a.lease_token = resend_dial_v1.lease_token
      and a.first_dialed_at > telephony.now() - interval '50 minutes'
    for no key update;
    if attempt.status is distinct from 'unresolved' then
        return null;
    end if;
    select c.* into contact from public.campaign_contacts c where c.id = attempt.contact_id;
    select c.* into campaign from public.call_campaigns c where c.id = attempt.campaign_id;
    -- The same dial must not count twice among the three of 24 hours.
    update public.call_attempts a set dialed_at = null where a.id = attempt.id;
    is_free := telephony.dial_obstacle(attempt, campaign) is null and telephony.check_dialable(contact, campaign) is null;
    update public.call_attempts a
    set dialed_at = case when is_free then telephony.now() else attempt.dialed_at end
    where a.id = attempt.id;
    return case when is_free then attempt.dialed_at end;
end;
$$;
comment on function public.resend_dial_v1(uuid, uuid) is
    'Check an unresolved attempt before its request is sent again with the same key. Null: it must not be. Else the earlier dialed_at, for undo_resend_v1.';

-- The repeated request made no call: restore dialed_at.
create function public.undo_resend_v1(attempt_id uuid, lease_token uuid, dialed_at timestamptz) returns void
language sql set search_path = ''
as $$
    update public.call_attempts a set dialed_at = undo_resend_v1.dialed_at
    where a.id = undo_resend_v1.attempt_id and a.lease_token = undo_resend_v1.lease_token and a.dialed_at is not null;
$$;
