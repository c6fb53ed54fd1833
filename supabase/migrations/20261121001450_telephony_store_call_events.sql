-- Events that could not be applied are stored and applied later.

create function public.store_call_event_v1(event jsonb) returns boolean
language plpgsql set search_path = ''
as $$
begin
    perform telephony.check_call_event(event ->> 'event', event ->> 'call_id');
    insert into public.call_events as e (retell_call_id, event, turn, payload)
    values (store_call_event_v1.event ->> 'call_id', store_call_event_v1.event ->> 'event',
            coalesce((store_call_event_v1.event ->> 'turn')::integer, 0), store_call_event_v1.event -> 'payload')
    on conflict on constraint call_events_retell_call_id_event_turn_key
        do update set deliveries = e.deliveries + 1;
    return true;
end;
$$;

comment on function public.store_call_event_v1 is
    'Store an event that apply_call_events_v1 cannot apply now; it is applied when it is given to that again.';

create function public.claim_unapplied_events_v1(batch integer) returns table (event text, call jsonb, turn integer)
language sql set search_path = ''
as $$
    with due as (
        select e.id from public.call_events e
        where e.applied_at is null and e.event in ('call_started', 'call_ended', 'call_analyzed', 'call_inbound')
          and e.received_at > now() - interval '1 day'
          and coalesce(e.tried_at, e.received_at) + (now() - e.received_at) / 5 <= now()
        order by e.received_at limit batch for no key update skip locked
    )
    update public.call_events e set tried_at = now() from due where e.id = due.id
    returning e.event, e.payload, e.turn;
$$;

comment on function public.claim_unapplied_events_v1 is
    'Stored events to apply again, for a day: the oldest first, each again after a fifth of its age. call is the provider''s JSON.';
