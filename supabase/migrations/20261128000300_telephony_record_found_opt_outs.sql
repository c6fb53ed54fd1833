-- Records an opt-out that was found in a call after its event had been applied.

create function public.record_call_opt_out_v1(call_id text, words text, model text) returns boolean
language plpgsql set search_path = ''
as $$
declare
    call public.calls;
begin
    select c.* into call from public.calls c where c.retell_call_id = record_call_opt_out_v1.call_id for update;
    if not found then
        return false;
    end if;
    insert into public.call_events (retell_call_id, event, organization_id, payload, applied_at)
    values (call.retell_call_id, 'opt_out_found', call.organization_id,
            jsonb_build_object('words', left(words, 2000), 'model', left(model, 200)), now())
    on conflict on constraint call_events_retell_call_id_event_turn_key do nothing;
    perform telephony.record_opt_out(call, true);
    return true;
end;
$$;

comment on function public.record_call_opt_out_v1 is
    'List the other side of a call, by the words that a model found in its transcript; false if the call is not known.';

revoke execute on function public.record_call_opt_out_v1 from public, anon, authenticated;
grant execute on function public.record_call_opt_out_v1 to service_role;
