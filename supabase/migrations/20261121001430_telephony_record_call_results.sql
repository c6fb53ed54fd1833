-- What a call's conversation means for its contact.

create function telephony.record_analysis(call public.calls) returns void
language sql set search_path = ''
as $$
    update public.campaign_contacts c
    set successful = case when call.successful then true else coalesce(c.successful, call.successful) end,
        voicemail = c.voicemail or coalesce(call.voicemail, false)
    where c.id = call.contact_id
      and (call.successful is not null and c.successful is distinct from true
           or call.voicemail and not c.voicemail);
$$;

-- Lists the other side of a call that asked not to be called again, or whose disconnection reason says so; marks the call
-- if its organization is not known yet.
create function telephony.record_opt_out(call public.calls, has_asked boolean) returns void
language plpgsql set search_path = ''
as $$
declare
    reason constant text := (
        select p.reason from public.disconnection_policies p
        where p.reason = call.disconnection_reason and p.adds_do_not_call);
    number constant text := coalesce(
        (select c.phone from public.campaign_contacts c where c.id = call.contact_id),
        case when call.direction = 'inbound' then call.from_number else call.to_number end);
begin
    if reason is null and not has_asked and not call.opted_out then
        return;
    end if;
    if call.organization_id is null or number is null or number !~ '^\+[1-9][0-9]{6,14}$' then
        update public.calls c set opted_out = true where c.id = call.id;
        return;
    end if;
    insert into public.do_not_call (organization_id, phone, reason, retell_call_id)
    values (call.organization_id, number, coalesce(reason, 'said_in_call'), call.retell_call_id)
    on conflict do nothing;
end;
$$;

-- Stores when the contact wants to be called: ISO 8601, without an offset in the contact's own time zone.
create function telephony.record_callback(call public.calls, requested_at text) returns public.calls
language plpgsql set search_path = ''
as $$
declare
    contact public.campaign_contacts;
    moment timestamptz;
begin
    select c.* into contact from public.campaign_contacts c where c.id = call.contact_id;
    moment := case
        when requested_at ~ '(Z|[+-][0-9]{2}:[0-9]{2})$' then requested_at::timestamptz
        else requested_at::timestamp at time zone contact.time_zones[1] end;
    -- A wrong date from the analysis must not make the phone ring at once, or in years.
    if moment is null or moment <= coalesce(call.ended_at, call.started_at, telephony.now())
        or moment > telephony.now() + interval '90 days'
    then
        return call;
    end if;
    call.callback_at := moment;
    update public.calls c set callback_at = call.callback_at where c.id = call.id;
    return call;
end;
$$;

-- The contact is due at that time, whether the analysis comes before the end of the call or after it.
create function telephony.schedule_callback(call public.calls) returns void
language plpgsql set search_path = ''
as $$
begin
    update public.campaign_contacts c
    set next_attempt_at = coalesce(telephony.next_open_time(
            c.time_zones, p.opens_at, p.closes_at, p.calling_days,
            greatest(call.callback_at, telephony.now())), c.next_attempt_at)
    from public.call_campaigns p
    where c.id = call.contact_id and p.id = c.campaign_id and c.status = 'pending' and c.outcome = 'callback';
end;
$$;
