-- Stores events and applies each one once.

-- An active campaign of the organization with a due contact, the call's own campaign first; null if there is none.
create function telephony.next_due_campaign(organization_id uuid, campaign_id uuid) returns uuid
language plpgsql stable set search_path = ''
as $$
begin
    return (
        select c.id from public.call_campaigns c
        where c.organization_id = next_due_campaign.organization_id and c.status = 'active' and exists (
            select from public.campaign_contacts t
            where t.campaign_id = c.id and t.status = 'pending' and t.next_attempt_at <= telephony.now())
        order by c.id = next_due_campaign.campaign_id desc, c.started_at
        limit 1);
end;
$$;

-- Applies one event, but for what follows from a freed slot: release_slots.
create function telephony.apply_call_event(event telephony.call_event) returns jsonb
language plpgsql set search_path = ''
as $$
declare
    is_applied constant boolean := event.event in ('call_started', 'call_ended', 'call_analyzed', 'call_inbound');
    is_known constant boolean := is_applied or event.event in (
        'transcript_updated', 'transfer_started', 'transfer_bridged', 'transfer_cancelled', 'transfer_ended');
    stored public.call_events;
    before public.calls;
    after public.calls;
    is_freed boolean;
begin
    perform telephony.check_call_event(event.event, event.call_id);
    insert into public.call_events as e (retell_call_id, event, turn, organization_id, payload, applied_at)
    values (event.call_id, event.event, coalesce(event.turn, 0),
            (select c.organization_id from public.calls c where c.retell_call_id = event.call_id),
            event.payload, case when is_known then now() end)
    on conflict on constraint call_events_retell_call_id_event_turn_key
        do update set deliveries = e.deliveries + 1
    returning e.* into stored;
    if not is_applied or stored.deliveries > 1 and stored.applied_at is not null then
        return jsonb_build_object(
            'applied', false, 'duplicate', stored.deliveries > 1,
            'organization_id', stored.organization_id, 'freed_slot', false);
    elsif stored.applied_at is null then
        update public.call_events e set applied_at = now() where e.id = stored.id;
    end if;

    before := telephony.find_or_create_call(event);
    after := telephony.merge_call(before, event);
    if event.callback_at is not null then
        after := telephony.record_callback(after, event.callback_at);
    end if;
    is_freed := telephony.update_contact(before, after, event.event);
    if after.analysis is not null then
        perform telephony.record_analysis(after);
    end if;
    if event.is_over or event.opt_out is not null or after.opted_out then
        perform telephony.record_opt_out(after, event.opt_out is not null);
    end if;
    if after.callback_at is not null and after.contact_id is not null then
        perform telephony.schedule_callback(after);
    end if;
    if after.organization_id is distinct from stored.organization_id then
        update public.call_events e set organization_id = after.organization_id where e.id = stored.id;
    end if;
    return jsonb_build_object(
        'applied', true, 'duplicate', false, 'organization_id', after.organization_id,
        'campaign_id', after.campaign_id, 'freed_slot', is_freed);
end;
$$;

-- Completes the campaigns whose slots were freed, or names the campaign that can use one at once; each campaign once, in an
-- order that is the same in all transactions.
create function telephony.release_slots(results jsonb) returns jsonb
language plpgsql set search_path = ''
as $$
declare
    freed record;
begin
    for freed in
        select (a.value ->> 'campaign_id')::uuid as campaign_id, (a.value ->> 'organization_id')::uuid as organization_id,
               max(a.ordinality) - 1 as position
        from jsonb_array_elements(results) with ordinality as a
        where (a.value -> 'freed_slot')::boolean
        group by 1, 2 order by 1
    loop
        perform telephony.complete_campaign(freed.campaign_id);
        results := jsonb_set(results, array[freed.position::text, 'next_campaign_id'], coalesce(
            to_jsonb(telephony.next_due_campaign(freed.organization_id, freed.campaign_id)), 'null'));
    end loop;
    return results;
end;
$$;

create function public.apply_call_events_v1(events jsonb) returns jsonb
language plpgsql set search_path = ''
as $$
declare
    event telephony.call_event;
    results jsonb := '[]';
begin
    for event in select e.* from jsonb_populate_recordset(null::telephony.call_event, events) as e loop
        results := results || telephony.apply_call_event(event);
    end loop;
    return telephony.release_slots(results);
end;
$$;

comment on function public.apply_call_events_v1 is
    'Store events (telephony.call_event) once for each (call, event, turn) and apply them in one transaction: [{applied, duplicate, organization_id, campaign_id, freed_slot, next_campaign_id}]. next_campaign_id: once a campaign.';
