-- Merges an event into its call. Events come twice, late and in any order: whatever the order, the result is the same.

-- An event never replaces what an event of higher precedence has set.
create function telephony.event_precedence(event text) returns integer
language sql stable set search_path = ''
as $$ select case event when 'call_analyzed' then 3 when 'call_ended' then 2 else 1 end $$;

-- The highest precedence of the events merged into the call so far.
create function telephony.event_precedence(call public.calls) returns integer
language sql stable set search_path = ''
as $$
    select case when call.analyzed_at is not null then 3
                when call.status in ('completed', 'failed') then 2 else 1 end;
$$;

-- The columns of `preferred`, and of `other` where those are null.
create function telephony.merge_known(preferred public.calls, other public.calls) returns public.calls
language plpgsql stable set search_path = ''
as $$
begin
    other.retell_agent_id := coalesce(preferred.retell_agent_id, other.retell_agent_id);
    other.from_number := coalesce(preferred.from_number, other.from_number);
    other.to_number := coalesce(preferred.to_number, other.to_number);
    other.disconnection_reason := coalesce(preferred.disconnection_reason, other.disconnection_reason);
    other.started_at := coalesce(preferred.started_at, other.started_at);
    other.ended_at := coalesce(preferred.ended_at, other.ended_at);
    other.recording_url := coalesce(preferred.recording_url, other.recording_url);
    other.transcript := coalesce(preferred.transcript, other.transcript);
    other.metadata := coalesce(nullif(preferred.metadata, '{}'), other.metadata);
    if preferred.analysis is not null then
        other.analysis := preferred.analysis;
        other.successful := preferred.successful;
        other.voicemail := preferred.voicemail;
    end if;
    return other;
end;
$$;

create function telephony.merge_call(stored public.calls, event telephony.call_event) returns public.calls
language plpgsql set search_path = ''
as $$
declare
    reported public.calls;
    merged public.calls;
begin
    reported.retell_agent_id := event.agent_id;
    reported.from_number := event.from_number;
    reported.to_number := event.to_number;
    reported.disconnection_reason := event.disconnection_reason;
    reported.started_at := event.started_at;
    reported.ended_at := event.ended_at;
    reported.recording_url := event.recording_url;
    reported.transcript := event.transcript;
    reported.analysis := event.analysis;
    reported.successful := event.successful;
    reported.voicemail := event.voicemail;
    reported.metadata := event.metadata;
    if telephony.event_precedence(event.event) >= telephony.event_precedence(stored) then
        reported := telephony.merge_known(reported, stored);
    else
        reported := telephony.merge_known(stored, reported);
    end if;
    update public.calls c
    set status = case
            when c.status in ('completed', 'failed') then c.status
            when event.is_over
                then coalesce(event.status, telephony.call_status_after(reported.disconnection_reason))
            when event.event = 'call_started' then 'in_progress'
            else c.status end,
        retell_agent_id = reported.retell_agent_id,
        from_number = reported.from_number,
        to_number = reported.to_number,
        disconnection_reason = reported.disconnection_reason,
        started_at = reported.started_at,
        ended_at = coalesce(reported.ended_at, case when event.is_over then telephony.now() end),
        analyzed_at = case when event.event = 'call_analyzed' then coalesce(c.analyzed_at, now()) else c.analyzed_at end,
        analysis_due_at = case when event.event = 'call_analyzed' then null
                               when event.event = 'call_ended' and c.analyzed_at is null
                                   and reported.started_at is not null
                                   then telephony.now() + interval '10 minutes'
                               else c.analysis_due_at end,
        duration_ms = greatest(c.duration_ms, event.duration_ms),
        cost_cents = greatest(c.cost_cents, event.cost_cents),
        recording_url = reported.recording_url,
        transcript = reported.transcript,
        analysis = reported.analysis,
        successful = reported.successful,
        voicemail = reported.voicemail,
        metadata = coalesce(reported.metadata, '{}')
    where c.id = stored.id
    returning c.* into merged;
    return merged;
end;
$$;

-- Moves the attempt and the contact on to what is now known of their call. True: this ended the attempt.
create function telephony.update_contact(before public.calls, after public.calls, event text)
returns boolean
language plpgsql set search_path = ''
as $$
declare
    added_ms constant bigint := coalesce(after.duration_ms, 0) - coalesce(before.duration_ms, 0);
    added_cents constant numeric := coalesce(after.cost_cents, 0) - coalesce(before.cost_cents, 0);
begin
    if after.attempt_id is not null and after.status in ('completed', 'failed') then
        if telephony.end_attempt(
            after.attempt_id, after.disconnection_reason, after.ended_at, after.duration_ms, added_ms, added_cents)
        then
            return true;
        end if;
    end if;
    if added_ms <> 0 or added_cents <> 0 then
        update public.campaign_contacts c
        set duration_ms = c.duration_ms + added_ms, cost_cents = c.cost_cents + added_cents
        where c.id = after.contact_id;
    end if;
    if event = 'call_started' then
        -- The slot is held for the longest possible call; its end, or reconciliation, frees it.
        update public.call_attempts a
        set lease_expires_at = greatest(a.lease_expires_at, now() + interval '65 minutes')
        where a.id = after.attempt_id and a.status not in ('ended', 'released');
    end if;
    return false;
end;
$$;
