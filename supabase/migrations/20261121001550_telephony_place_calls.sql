-- The provider has made the call.

-- Attach a call whose events arrived before the response to the request. True: the call is over, and now the attempt too.
create function telephony.attach_call(attempt public.call_attempts, retell_call_id text) returns boolean
language plpgsql set search_path = ''
as $$
declare
    call public.calls;
    is_new boolean;
    is_ended boolean := false;
begin
    select c.* into call from public.calls c where c.retell_call_id = attach_call.retell_call_id for no key update;
    if call.id is null then
        return false;
    end if;
    is_new := call.attempt_id is distinct from attempt.id;
    if is_new then
        call := telephony.link_call(call, attempt, attempt.organization_id);
        update public.call_events e set organization_id = call.organization_id
        where e.retell_call_id = call.retell_call_id and e.organization_id is null;
    end if;
    if call.status in ('completed', 'failed') and call.retell_call_id = attempt.retell_call_id then
        is_ended := telephony.end_attempt(
            attempt.id, call.disconnection_reason, call.ended_at, call.duration_ms, 0, 0);
    end if;
    if is_new or is_ended then
        if call.analysis is not null then
            perform telephony.record_analysis(call);
        end if;
        perform telephony.record_opt_out(call, false);
        if call.callback_at is not null then
            perform telephony.schedule_callback(call);
        end if;
        perform telephony.complete_campaign(attempt.campaign_id);
    end if;
    return is_ended;
end;
$$;

-- No lease token: the call exists, whoever holds the lease by now.
create function public.place_call_v1(attempt_id uuid, retell_call_id text) returns boolean
language plpgsql set search_path = ''
as $$
declare
    attempt public.call_attempts;
    is_ended boolean := false;
begin
    -- If a crash loses this, the attempt is still dialing and is resolved by its idempotency key.
    perform set_config('synchronous_commit', 'off', true);
    update public.call_attempts a
    set status = case when a.status in ('dialing', 'unresolved') then 'placed' else a.status end,
        retell_call_id = coalesce(a.retell_call_id, place_call_v1.retell_call_id),
        lease_expires_at = greatest(a.lease_expires_at, now() + interval '10 minutes')
    where a.id = place_call_v1.attempt_id
    returning a.* into attempt;
    insert into public.calls
        (organization_id, campaign_id, contact_id, attempt_id, agent_id, retell_call_id, to_number)
    select attempt.organization_id, attempt.campaign_id, attempt.contact_id, attempt.id, c.agent_id,
           place_call_v1.retell_call_id, attempt.phone
    from public.call_campaigns c where c.id = attempt.campaign_id
    on conflict do nothing;
    if attempt.id is not null and not found then
        is_ended := telephony.attach_call(attempt, place_call_v1.retell_call_id);
    end if;
    return coalesce(attempt.status = 'placed' and not is_ended, false);
end;
$$;
comment on function public.place_call_v1(uuid, text) is
    'Store that the provider made the call. True: it is open. If its events came before, the attempt takes over their result.';
