-- Attempts that made no call: their contacts are due again.

-- Release an attempt that certainly made no call; its row is locked.
create function telephony.release_undialled(attempt public.call_attempts, checked telephony.dial_check, error text)
returns void
language plpgsql set search_path = ''
as $$
declare
    campaign public.call_campaigns;
begin
    update public.call_attempts a
    set status = 'released', ended_at = telephony.now(), check_after = null,
        dialed_at = null, first_dialed_at = null,
        error = coalesce(release_undialled.error, a.error)
    where a.id = attempt.id;
    perform from public.campaign_contacts c where c.id = attempt.contact_id and c.status = 'calling' for no key update;
    if not found then
        return;
    end if;
    select c.* into campaign from public.call_campaigns c where c.id = attempt.campaign_id;
    if campaign.finished_at is not null and checked.outcome is null then
        checked.outcome := 'cancelled';
    end if;
    perform telephony.reschedule_contact(attempt.contact_id, checked, (attempt.dialed_at is not null)::integer);
    if checked.outcome is not null then
        perform telephony.complete_campaign(attempt.campaign_id);
    end if;
end;
$$;

create function public.release_attempt_v1(
    attempt_id uuid, lease_token uuid, delay_seconds integer default 0, error text default null
)
returns boolean
language plpgsql set search_path = ''
as $$
declare
    attempt public.call_attempts;
    checked telephony.dial_check;
begin
    select a.* into attempt from public.call_attempts a
    where a.id = release_attempt_v1.attempt_id and a.lease_token = release_attempt_v1.lease_token
      and a.status in ('claimed', 'dialing', 'unresolved')
    for no key update;
    if attempt.id is null then
        return false;
    end if;
    checked.wait_until := telephony.now() + make_interval(secs => delay_seconds);
    perform telephony.release_undialled(attempt, checked, error);
    return true;
end;
$$;
comment on function public.release_attempt_v1(uuid, uuid, integer, text) is
    'No request was sent, or it was refused: the attempt does not count, and the contact is due again after the delay.';

-- Expired leases of dead workers: attempts without a request are released, others become unresolved.
create function public.reap_leases_v1(batch integer) returns integer
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
            perform telephony.release_undialled(attempt, row(null, null)::telephony.dial_check, 'lease_expired');
        else
            update public.call_attempts a
            set status = 'unresolved', error = 'lease_expired', lease_expires_at = now() + interval '10 minutes',
                check_after = telephony.now()
            where a.id = attempt.id;
        end if;
        reaped := reaped + 1;
    end loop;
    return reaped;
end;
$$;
