-- The provider asks what to do with a call or SMS that comes in, before it has an id.

create function public.answer_inbound_call_v1(event text, request_id text, payload jsonb) returns jsonb
language plpgsql set search_path = ''
as $$
declare
    number public.phone_numbers;
    contact public.campaign_contacts;
begin
    select n.* into number from public.phone_numbers n
    where n.phone_number = answer_inbound_call_v1.payload ->> 'to_number';
    insert into public.call_events as e (retell_call_id, event, organization_id, payload, applied_at)
    values (request_id, answer_inbound_call_v1.event, number.organization_id, answer_inbound_call_v1.payload, now())
    on conflict on constraint call_events_retell_call_id_event_turn_key
        do update set deliveries = e.deliveries + 1;
    select c.* into contact from public.campaign_contacts c
    where c.organization_id = number.organization_id and c.phone = answer_inbound_call_v1.payload ->> 'from_number'
    order by c.id desc limit 1;
    return jsonb_strip_nulls(jsonb_build_object(
        'override_agent_id', nullif(number.retell_inbound_agent_id, ''),
        'dynamic_variables', case when contact.id is not null then jsonb_strip_nulls(jsonb_build_object(
            'name', nullif(contact.name, ''), 'company', contact.company)) end));
end;
$$;
comment on function public.answer_inbound_call_v1(text, text, jsonb) is
    'Store the request and return {override_agent_id, dynamic_variables {name, company}}: the agent of the number called, and the caller if known as a contact.';

revoke execute on function public.answer_inbound_call_v1 from public, anon, authenticated;
grant execute on function public.answer_inbound_call_v1 to service_role;
