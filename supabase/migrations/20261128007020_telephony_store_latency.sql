-- Stores how long the parts of a call's answers took.

alter table public.calls add column latency jsonb;

comment on column public.calls.latency is 'Milliseconds of each part of the answers: {part: {p50, p90, max, num}}.';

alter type telephony.call_event add attribute latency jsonb;

-- The columns of `preferred`, and of `other` where those are null.
create or replace function telephony.merge_known(preferred public.calls, other public.calls) returns public.calls
language plpgsql stable set search_path = ''
as $$
begin
    other.retell_agent_id := coalesce(preferred.retell_agent_id, other.retell_agent_id);
    other.from_number := coalesce(preferred.from_number, other.from_number);
    other.to_number := coalesce(preferred.to_number, other.to_number);
    other.disconnection_reason := coalesce(preferred.disconnection_reason, other.disconnection_reason);
    other.started_at := coalesce(preferred.started_at, other.started_at);
    other.ended_at := coalesce(preferred.ended_at, other.ended_at);
    other.latency := coalesce(preferred.latency, other.latency);
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

create or replace function telephony.merge_call(stored public.calls, event telephony.call_event) returns public.calls
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
    reported.latency := event.latency;
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
        latency = reported.latency,
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

-- Open sessions keep a plan that knows the type's former fields until the function changes; this is the setting it has.
alter function public.apply_call_events_v1(jsonb) set search_path = '';
