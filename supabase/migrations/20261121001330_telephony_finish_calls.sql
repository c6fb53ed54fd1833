-- Ends an attempt without an event of the provider.

-- completed or failed, by the policy of the reason.
create function telephony.call_status_after(reason text) returns text
language sql stable set search_path = ''
as $$
    select case
        when reason is null then 'completed'
        when exists (
            select from public.disconnection_policies p
            where p.reason = call_status_after.reason and (p.connected or p.outcome in ('voicemail', 'ivr'))
        ) then 'completed'
        else 'failed'
    end;
$$;

create function public.finish_attempt_v1(
    attempt_id uuid,
    reason text,
    ended_at timestamptz default null,
    duration_ms bigint default null,
    cost_cents numeric default null
)
returns boolean
language plpgsql set search_path = ''
as $$
declare
    attempt public.call_attempts;
    before public.calls;
    after public.calls;
begin
    select a.* into attempt from public.call_attempts a
    where a.id = finish_attempt_v1.attempt_id and a.status not in ('ended', 'released')
    for no key update;
    if attempt.id is null then
        return false;
    end if;
    if attempt.retell_call_id is not null then
        insert into public.calls (organization_id, campaign_id, contact_id, attempt_id, retell_call_id, to_number)
        values (attempt.organization_id, attempt.campaign_id, attempt.contact_id, attempt.id,
                attempt.retell_call_id, attempt.phone)
        on conflict do nothing;
    end if;
    select c.* into before from public.calls c where c.attempt_id = attempt.id for no key update;
    update public.calls c
    set status = case when c.status in ('registered', 'in_progress')
                      then telephony.call_status_after(reason) else c.status end,
        disconnection_reason = coalesce(c.disconnection_reason, reason),
        ended_at = coalesce(c.ended_at, finish_attempt_v1.ended_at, telephony.now()),
        duration_ms = greatest(c.duration_ms, finish_attempt_v1.duration_ms),
        cost_cents = greatest(c.cost_cents, finish_attempt_v1.cost_cents)
    where c.id = before.id
    returning c.* into after;
    perform telephony.end_attempt(
        attempt.id, reason, ended_at, finish_attempt_v1.duration_ms,
        coalesce(after.duration_ms, 0) - coalesce(before.duration_ms, 0),
        coalesce(after.cost_cents, 0) - coalesce(before.cost_cents, 0));
    perform telephony.complete_campaign(attempt.campaign_id);
    return true;
end;
$$;
comment on function public.finish_attempt_v1(uuid, text, timestamptz, bigint, numeric) is
    'End an open attempt and its call; true for the invocation that did it. duration_ms and cost_cents are the call''s totals, and ignored if the attempt has no call.';
