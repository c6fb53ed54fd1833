-- A provider's event about a call, as shared/telephony/event.py parses it: every key is typed, and null where the event does
-- not say. payload is the provider's own JSON, which is stored and never read here.

create type telephony.call_event as (
    event text,
    turn integer,
    call_id text,
    agent_id text,
    direction text,
    from_number text,
    to_number text,
    attempt_id uuid,
    contact_id bigint,
    is_over boolean,
    status text,
    disconnection_reason text,
    started_at timestamptz,
    ended_at timestamptz,
    duration_ms bigint,
    cost_cents numeric,
    recording_url text,
    transcript text,
    analysis jsonb,
    successful boolean,
    voicemail boolean,
    metadata jsonb,
    opt_out text,
    callback_at text,
    payload jsonb
);

comment on column telephony.call_event.turn is 'How many turns the conversation had: distinguishes events that repeat within a call.';
comment on column telephony.call_event.attempt_id is 'From the metadata that was sent with the request for the call.';
comment on column telephony.call_event.contact_id is 'From the metadata that was sent with the request for the call.';
comment on column telephony.call_event.status is 'completed or failed; null if the provider does not say.';
comment on column telephony.call_event.opt_out is 'The words by which the person asked not to be called again.';
comment on column telephony.call_event.callback_at is 'ISO 8601; without an offset in the contact''s own time zone.';

create function telephony.check_call_event(event text, call_id text) returns void
language plpgsql set search_path = ''
as $$
begin
    if coalesce(event, '') = '' then
        raise exception 'The event has no name.' using errcode = 'PT400', detail = 'EVENT_MISSING';
    end if;
    if coalesce(call_id, '') = '' then
        raise exception 'The call has no call_id.' using errcode = 'PT400', detail = 'CALL_ID_MISSING';
    end if;
end;
$$;
