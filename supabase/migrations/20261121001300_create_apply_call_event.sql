-- What the provider reports of a call: kept as it came, and applied, in one transaction. Events come twice, late and
-- in any order; whatever the order, the end is the same.

alter table public.calls add column callback_at timestamptz;
alter table public.calls add column opted_out boolean not null default false;
alter table public.calls add column analysis_due_at timestamptz;
comment on column public.calls.callback_at is 'When the contact asked to be called again, as the analysis has it.';
comment on column public.calls.opted_out is 'Asked not to be called, before it was known whose call it is.';
comment on column public.calls.analysis_due_at is
    'When to ask the provider for the analysis, by campaign_now(); null once it is there, or is given up.';

create index calls_analysis_due_idx on public.calls (analysis_due_at) where analysis_due_at is not null;

create function public.read_number(value jsonb) returns numeric
language plpgsql stable set search_path = ''
as $$
declare
    digits constant text := trim(value #>> '{}');
begin
    if jsonb_typeof(value) not in ('number', 'string') or digits !~ '^[0-9]{1,15}(\.[0-9]+)?$' then
        return null;
    end if;
    return digits::numeric;
end;
$$;

create function public.read_moment(value jsonb) returns timestamptz
language plpgsql stable set search_path = ''
as $$
declare
    number constant numeric := public.read_number(value);
begin
    -- As seconds a hundred thousand million lie in the year 5138, as milliseconds in 1973.
    return case
        when number <= 0 or number > 4e12 then null
        when number < 1e11 then case when number < 4e9 then to_timestamp(number) end
        else to_timestamp(number / 1000)
    end;
end;
$$;

create function public.read_boolean(value jsonb) returns boolean
language sql stable set search_path = ''
as $$
    select case lower(trim(value #>> '{}'))
        when 'true' then true when 'yes' then true when '1' then true
        when 'false' then false when 'no' then false when '0' then false
    end;
$$;

create function public.read_phone(value jsonb) returns text
language sql stable set search_path = ''
as $$
    select value #>> '{}' where jsonb_typeof(value) = 'string' and value #>> '{}' ~ '^\+[1-9][0-9]{6,14}$';
$$;

-- Text that Postgres takes for an uuid or a number, so that a stranger's metadata raises nothing.
create function public.find_attempt(call jsonb, from_organization uuid) returns uuid
language plpgsql stable set search_path = ''
as $$
declare
    metadata constant jsonb := call -> 'metadata';
    found_id uuid;
begin
    select a.id into found_id from public.call_attempts a where a.retell_call_id = call ->> 'call_id';
    if found_id is null and metadata ->> 'attempt_id' ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then
        select a.id into found_id from public.call_attempts a where a.id = (metadata ->> 'attempt_id')::uuid;
    end if;
    if found_id is null and metadata ->> 'contact_id' ~ '^[0-9]{1,18}$' then
        select a.id into found_id from public.call_attempts a
        where a.contact_id = (metadata ->> 'contact_id')::bigint and a.ended_at is null;
    end if;
    if found_id is null and coalesce(call ->> 'direction', 'outbound') <> 'inbound' then
        -- Placed ones are known by their call; of two candidates neither is certain.
        select min(a.id::text)::uuid into found_id from public.call_attempts a
        where a.phone = public.read_phone(call -> 'to_number') and a.status in ('dialing', 'unresolved')
          and (from_organization is null or a.organization_id = from_organization)
          and (a.retell_call_id is null or a.retell_call_id = call ->> 'call_id')
        having count(*) = 1;
    end if;
    return found_id;
end;
$$;

create function public.find_organization(call jsonb) returns uuid
language sql stable set search_path = ''
as $$
    select coalesce(
        (select n.organization_id from public.phone_numbers n
         where n.phone_number = call ->> case when call ->> 'direction' = 'inbound' then 'to_number' else 'from_number' end),
        (select min(a.organization_id::text)::uuid from public.agents a
         where a.retell_agent_id = call ->> 'agent_id' having count(distinct a.organization_id) = 1));
$$;

-- The call's row, made and linked as far as it can be, and locked after its attempt.
create function public.find_or_add_call(call jsonb) returns public.calls
language plpgsql set search_path = ''
as $$
declare
    id_there constant text := call ->> 'call_id';
    known public.calls;
    attempt public.call_attempts;
    organization uuid;
begin
    select c.* into known from public.calls c where c.retell_call_id = id_there;
    if known.contact_id is null then
        organization := coalesce(known.organization_id, public.find_organization(call));
        known.attempt_id := public.find_attempt(call, organization);
    end if;
    select a.* into attempt from public.call_attempts a where a.id = known.attempt_id for no key update;
    if known.id is null then
        insert into public.calls (retell_call_id, retell_agent_id, direction, from_number, to_number, organization_id)
        values (id_there, call ->> 'agent_id',
                case when call ->> 'direction' = 'inbound' then 'inbound' else 'outbound' end,
                call ->> 'from_number', call ->> 'to_number', organization)
        on conflict (retell_call_id) do nothing
        returning * into known;
        if known.direction = 'inbound' and organization is not null then
            perform public.report_inbound_call(known);
        end if;
    end if;
    select c.* into known from public.calls c where c.retell_call_id = id_there for no key update;
    return public.link_call(known, attempt, organization);
end;
$$;

create function public.report_inbound_call(call public.calls) returns void
language sql set search_path = ''
as $$
    insert into public.notifications (organization_id, kind, title, data)
    values (call.organization_id, 'inbound_call', format('Inbound call from %s', coalesce(call.from_number, 'an unknown number')),
            jsonb_build_object('call_id', call.id, 'retell_call_id', call.retell_call_id));
    insert into public.activity_logs (organization_id, action, subject, data)
    values (call.organization_id, 'call_inbound', call.id::text,
            jsonb_build_object('from_number', call.from_number, 'to_number', call.to_number));
$$;

-- An attempt has one call. Should there ever be a second one for it, that belongs to the contact, not to the attempt.
create function public.link_call(call public.calls, attempt public.call_attempts, organization uuid)
returns public.calls
language plpgsql set search_path = ''
as $$
declare
    is_its_own constant boolean := coalesce(attempt.retell_call_id, call.retell_call_id) = call.retell_call_id;
    linked public.calls;
begin
    if attempt.id is null and (call.organization_id is not null or organization is null) then
        return call;
    end if;
    if is_its_own and (attempt.retell_call_id is null or attempt.status in ('dialing', 'unresolved')) then
        update public.call_attempts a
        set retell_call_id = call.retell_call_id,
            status = case when a.status in ('claimed', 'dialing', 'unresolved') then 'placed' else a.status end,
            lease_expires_at = greatest(a.lease_expires_at, now() + interval '5 minutes')
        where a.id = attempt.id;
    end if;
    if call.contact_id is not null and (call.attempt_id is not null or not is_its_own) then
        return call;
    end if;
    update public.calls c
    set organization_id = coalesce(attempt.organization_id, c.organization_id, organization),
        campaign_id = coalesce(attempt.campaign_id, c.campaign_id),
        contact_id = coalesce(attempt.contact_id, c.contact_id),
        attempt_id = coalesce(c.attempt_id, case when is_its_own then attempt.id end)
    where c.id = call.id
    returning c.* into linked;
    if call.contact_id is null and (linked.duration_ms > 0 or linked.cost_cents > 0) then
        update public.campaign_contacts c
        set duration_ms = c.duration_ms + coalesce(linked.duration_ms, 0),
            cost_cents = c.cost_cents + coalesce(linked.cost_cents, 0)
        where c.id = linked.contact_id;
    end if;
    return linked;
end;
$$;

-- How much of a call an event, or a row, knows: what knows less never replaces what knows more.
create function public.knowledge_of(event text) returns integer
language sql stable set search_path = ''
as $$ select case event when 'call_analyzed' then 3 when 'call_ended' then 2 else 1 end $$;

create function public.knowledge_of(call public.calls) returns integer
language sql stable set search_path = ''
as $$
    select case when call.analyzed_at is not null then 3
                when call.status in ('completed', 'failed') then 2 else 1 end;
$$;

create function public.reason_of(call jsonb) returns text
language sql stable set search_path = ''
as $$ select nullif(coalesce(call ->> 'disconnection_reason', call ->> 'disconnect_reason'), '') $$;

create function public.is_over(event text, call jsonb) returns boolean
language sql stable set search_path = ''
as $$
    select event = 'call_ended' or event = 'call_analyzed' and (
        public.reason_of(call) is not null
        or coalesce(call ->> 'call_status', '') in ('ended', 'not_connected', 'error')
        or public.read_moment(call -> 'end_timestamp') is not null);
$$;

create function public.duration_of(call jsonb) returns bigint
language sql stable set search_path = ''
as $$
    select round(coalesce(
        public.read_number(call -> 'duration_ms'),
        public.read_number(call -> 'duration') * 1000,
        public.read_number(call -> 'duration_seconds') * 1000,
        (select greatest(said.seconds, 0) * 1000
         from (select extract(epoch from public.read_moment(call -> 'end_timestamp')
                                       - public.read_moment(call -> 'start_timestamp'))) as said (seconds)
         where said.seconds is not null)))::bigint;
$$;

create function public.merge_call(known public.calls, event text, call jsonb) returns public.calls
language plpgsql set search_path = ''
as $$
declare
    said public.calls;
    merged public.calls;
    is_newer constant boolean := public.knowledge_of(event) >= public.knowledge_of(known);
begin
    said.retell_agent_id := call ->> 'agent_id';
    said.from_number := call ->> 'from_number';
    said.to_number := call ->> 'to_number';
    said.disconnection_reason := public.reason_of(call);
    said.started_at := public.read_moment(call -> 'start_timestamp');
    said.ended_at := public.read_moment(call -> 'end_timestamp');
    said.recording_url := call ->> 'recording_url';
    said.transcript := nullif(call ->> 'transcript', '');
    said.analysis := case when jsonb_typeof(call -> 'call_analysis') = 'object' then call -> 'call_analysis' end;
    said.metadata := case when jsonb_typeof(call -> 'metadata') = 'object' then call -> 'metadata' end;
    if not is_newer then
        said := public.prefer(known, said);
    else
        said := public.prefer(said, known);
    end if;
    update public.calls c
    set status = case
            when c.status in ('completed', 'failed') then c.status
            when public.is_over(event, call)
                then public.call_status_after(said.disconnection_reason, call ->> 'call_status')
            when event = 'call_started' then 'in_progress'
            else c.status end,
        retell_agent_id = said.retell_agent_id,
        from_number = said.from_number,
        to_number = said.to_number,
        disconnection_reason = said.disconnection_reason,
        started_at = said.started_at,
        ended_at = coalesce(said.ended_at, case when public.is_over(event, call) then public.campaign_now() end),
        analyzed_at = case when event = 'call_analyzed' then coalesce(c.analyzed_at, now()) else c.analyzed_at end,
        analysis_due_at = case when event = 'call_analyzed' then null
                               when event = 'call_ended' and c.analyzed_at is null and said.started_at is not null
                                   then public.campaign_now() + interval '10 minutes'
                               else c.analysis_due_at end,
        duration_ms = greatest(c.duration_ms, public.duration_of(call)),
        cost_cents = greatest(c.cost_cents, public.read_number(
            coalesce(call #> '{call_cost,combined_cost}', call -> 'cost'))),
        recording_url = said.recording_url,
        transcript = said.transcript,
        analysis = said.analysis,
        metadata = coalesce(said.metadata, '{}')
    where c.id = known.id
    returning c.* into merged;
    return merged;
end;
$$;

create function public.prefer(first public.calls, second public.calls) returns public.calls
language plpgsql stable set search_path = ''
as $$
begin
    second.retell_agent_id := coalesce(first.retell_agent_id, second.retell_agent_id);
    second.from_number := coalesce(first.from_number, second.from_number);
    second.to_number := coalesce(first.to_number, second.to_number);
    second.disconnection_reason := coalesce(first.disconnection_reason, second.disconnection_reason);
    second.started_at := coalesce(first.started_at, second.started_at);
    second.ended_at := coalesce(first.ended_at, second.ended_at);
    second.recording_url := coalesce(first.recording_url, second.recording_url);
    second.transcript := coalesce(first.transcript, second.transcript);
    second.analysis := coalesce(first.analysis, second.analysis);
    second.metadata := coalesce(nullif(first.metadata, '{}'), second.metadata);
    return second;
end;
$$;

-- Moves attempt and contact on to what is now known of the call. True: this ended the attempt.
create function public.advance_contact(before public.calls, after public.calls, event text)
returns boolean
language plpgsql set search_path = ''
as $$
declare
    added_ms constant bigint := coalesce(after.duration_ms, 0) - coalesce(before.duration_ms, 0);
    added_cents constant numeric := coalesce(after.cost_cents, 0) - coalesce(before.cost_cents, 0);
begin
    if after.attempt_id is not null and after.status in ('completed', 'failed') then
        if public.end_attempt(
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
        -- The slot is the call's as long as a call may last; its end, or reconciliation, gives it back.
        update public.call_attempts a
        set lease_expires_at = greatest(a.lease_expires_at, now() + interval '65 minutes')
        where a.id = after.attempt_id and a.status not in ('ended', 'released');
    end if;
    return false;
end;
$$;

-- What the analysis says of the contact; its status stays.
create function public.note_analysis(call public.calls) returns void
language sql set search_path = ''
as $$
    update public.campaign_contacts c
    set successful = case when analysis.successful then true else coalesce(c.successful, analysis.successful) end,
        voicemail = c.voicemail or coalesce(analysis.voicemail, false)
    from (select public.read_boolean(call.analysis -> 'call_successful'),
                 public.read_boolean(call.analysis -> 'in_voicemail')) as analysis (successful, voicemail)
    where c.id = call.contact_id
      and (analysis.successful is not null and c.successful is distinct from true
           or analysis.voicemail and not c.voicemail);
$$;

-- By what was said, or by the reason for which the call ended, which need not be the one that ended the attempt.
create function public.note_opt_out(call public.calls, said boolean) returns void
language plpgsql set search_path = ''
as $$
declare
    reason constant text := (
        select p.reason from public.disconnection_policies p
        where p.reason = call.disconnection_reason and p.adds_do_not_call);
    line constant text := coalesce(
        (select c.phone from public.campaign_contacts c where c.id = call.contact_id),
        public.read_phone(to_jsonb(
            case when call.direction = 'inbound' then call.from_number else call.to_number end)));
begin
    if reason is null and not said and not call.opted_out then
        return;
    end if;
    if call.organization_id is null or line is null then
        update public.calls c set opted_out = true where c.id = call.id;
        return;
    end if;
    insert into public.do_not_call (organization_id, phone, reason, retell_call_id)
    values (call.organization_id, line, coalesce(reason, 'said_in_call'), call.retell_call_id)
    on conflict do nothing;
end;
$$;

create function public.note_callback(call public.calls, wanted text) returns public.calls
language plpgsql set search_path = ''
as $$
declare
    contact public.campaign_contacts;
    moment timestamptz;
begin
    select c.* into contact from public.campaign_contacts c where c.id = call.contact_id;
    moment := case
        when wanted ~ '(Z|[+-][0-9]{2}:[0-9]{2})$' then wanted::timestamptz
        else wanted::timestamp at time zone contact.time_zones[1] end;
    -- A model that wrote a date down wrongly must not have the phone ring at once, or in years.
    if moment is null or moment <= coalesce(call.ended_at, call.started_at, public.campaign_now())
        or moment > public.campaign_now() + interval '90 days'
    then
        return call;
    end if;
    call.callback_at := moment;
    update public.calls c set callback_at = call.callback_at where c.id = call.id;
    return call;
end;
$$;

-- A wish for another time is heard whether the analysis comes before the call's end or after it.
create function public.keep_callback(call public.calls) returns void
language plpgsql set search_path = ''
as $$
begin
    update public.campaign_contacts c
    set next_attempt_at = coalesce(public.next_open_time(
            c.time_zones, p.opens_at, p.closes_at, p.calling_days,
            greatest(call.callback_at, public.campaign_now())), c.next_attempt_at)
    from public.call_campaigns p
    where c.id = call.contact_id and p.id = c.campaign_id and c.status = 'pending' and c.outcome = 'callback';
end;
$$;

-- Where the freed slot can be used at once: the call's own campaign first.
create function public.next_campaign(organization_id uuid, campaign_id uuid) returns uuid
language plpgsql stable set search_path = ''
as $$
begin
    return (
        select c.id from public.call_campaigns c
        where c.organization_id = next_campaign.organization_id and c.status = 'active' and exists (
            select from public.campaign_contacts t
            where t.campaign_id = c.id and t.status = 'pending' and t.next_attempt_at <= public.campaign_now())
        order by c.id = next_campaign.campaign_id desc, c.started_at
        limit 1);
end;
$$;

create function public.check_call_event(event text, call jsonb) returns void
language plpgsql set search_path = ''
as $$
begin
    if coalesce(event, '') = '' then
        raise exception 'The event has no name.' using errcode = 'PT400', detail = 'EVENT_MISSING';
    end if;
    if jsonb_typeof(call -> 'call_id') is distinct from 'string' or call ->> 'call_id' = '' then
        raise exception 'The call has no call_id.' using errcode = 'PT400', detail = 'CALL_ID_MISSING';
    end if;
end;
$$;

create function public.apply_event(event text, call jsonb, turn integer, opt_out text, callback_at text)
returns jsonb
language plpgsql set search_path = ''
as $$
declare
    is_applied constant boolean := event in ('call_started', 'call_ended', 'call_analyzed', 'call_inbound');
    is_known constant boolean := is_applied or event in (
        'transcript_updated', 'transfer_started', 'transfer_bridged', 'transfer_cancelled', 'transfer_ended');
    stored public.call_events;
    before public.calls;
    after public.calls;
    is_freed boolean;
    is_over constant boolean := public.is_over(event, call);
begin
    perform public.check_call_event(event, call);
    insert into public.call_events as e (retell_call_id, event, turn, organization_id, payload, applied_at)
    values (call ->> 'call_id', event, turn,
            (select c.organization_id from public.calls c where c.retell_call_id = call ->> 'call_id'),
            call, case when is_known then now() end)
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

    before := public.find_or_add_call(
        case when event = 'call_inbound' then call || '{"direction": "inbound"}' else call end);
    after := public.merge_call(before, event, call);
    if callback_at is not null then
        after := public.note_callback(after, callback_at);
    end if;
    is_freed := public.advance_contact(before, after, event);
    if after.analysis is not null then
        perform public.note_analysis(after);
    end if;
    if is_over or opt_out is not null or after.opted_out then
        perform public.note_opt_out(after, opt_out is not null);
    end if;
    if after.callback_at is not null and after.contact_id is not null then
        perform public.keep_callback(after);
    end if;
    if after.organization_id is distinct from stored.organization_id then
        update public.call_events e set organization_id = after.organization_id where e.id = stored.id;
    end if;
    return jsonb_build_object(
        'applied', true, 'duplicate', false, 'organization_id', after.organization_id,
        'campaign_id', after.campaign_id, 'freed_slot', is_freed);
end;
$$;

-- What is left to do when slots were freed: once a campaign, in an order that no two transactions have different.
create function public.release_slots(answers jsonb) returns jsonb
language plpgsql set search_path = ''
as $$
declare
    freed record;
begin
    for freed in
        select (a.value ->> 'campaign_id')::uuid as campaign_id, (a.value ->> 'organization_id')::uuid as organization_id,
               max(a.ordinality) - 1 as place
        from jsonb_array_elements(answers) with ordinality as a
        where (a.value -> 'freed_slot')::boolean
        group by 1, 2 order by 1
    loop
        perform public.complete_campaign(freed.campaign_id);
        answers := jsonb_set(answers, array[freed.place::text, 'next_campaign_id'], coalesce(
            to_jsonb(public.next_campaign(freed.organization_id, freed.campaign_id)), 'null'));
    end loop;
    return answers;
end;
$$;

create function public.apply_call_event(
    event text, call jsonb, turn integer default 0, opt_out text default null, callback_at text default null
)
returns jsonb
language sql set search_path = ''
as $$
    select public.release_slots(jsonb_build_array(public.apply_event(event, call, turn, opt_out, callback_at))) -> 0;
$$;

-- What cannot be applied now is not lost: it is kept as it came, and tried again.
create function public.keep_call_event(
    event text, call jsonb, turn integer default 0, opt_out text default null, callback_at text default null
)
returns boolean
language plpgsql set search_path = ''
as $$
begin
    perform public.check_call_event(event, call);
    insert into public.call_events as e (retell_call_id, event, turn, payload)
    values (call ->> 'call_id', event, turn, call)
    on conflict on constraint call_events_retell_call_id_event_turn_key
        do update set deliveries = e.deliveries + 1;
    return true;
end;
$$;

-- Kept events of the kinds that are applied, for a day: the oldest first, each again after a fifth of its age.
create function public.take_kept_events(batch integer) returns table (event text, call jsonb, turn integer)
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

create function public.apply_call_events(events jsonb) returns jsonb
language plpgsql set search_path = ''
as $$
declare
    one jsonb;
    answers jsonb := '[]';
begin
    for one in select e.value from jsonb_array_elements(events) as e (value) loop
        answers := answers || public.apply_event(
            one ->> 'event', one -> 'call', coalesce((one ->> 'turn')::integer, 0),
            one ->> 'opt_out', one ->> 'callback_at');
    end loop;
    return public.release_slots(answers);
end;
$$;

revoke execute on function
    public.read_number(jsonb),
    public.read_moment(jsonb),
    public.read_boolean(jsonb),
    public.read_phone(jsonb),
    public.find_attempt(jsonb, uuid),
    public.find_organization(jsonb),
    public.find_or_add_call(jsonb),
    public.report_inbound_call(public.calls),
    public.link_call(public.calls, public.call_attempts, uuid),
    public.knowledge_of(text),
    public.knowledge_of(public.calls),
    public.reason_of(jsonb),
    public.is_over(text, jsonb),
    public.duration_of(jsonb),
    public.merge_call(public.calls, text, jsonb),
    public.prefer(public.calls, public.calls),
    public.advance_contact(public.calls, public.calls, text),
    public.note_analysis(public.calls),
    public.note_opt_out(public.calls, boolean),
    public.note_callback(public.calls, text),
    public.keep_callback(public.calls),
    public.next_campaign(uuid, uuid),
    public.check_call_event(text, jsonb),
    public.apply_event(text, jsonb, integer, text, text),
    public.release_slots(jsonb),
    public.apply_call_event(text, jsonb, integer, text, text),
    public.keep_call_event(text, jsonb, integer, text, text),
    public.take_kept_events(integer),
    public.apply_call_events(jsonb)
    from public, anon, authenticated;

comment on function public.read_number(jsonb) is 'A number from zero on, also one that is written as text; null for anything else.';
comment on function public.read_moment(jsonb) is 'A moment from milliseconds since 1970, or from seconds.';
comment on function public.read_boolean(jsonb) is 'True or false, also as yes and no or as text.';
comment on function public.read_phone(jsonb) is 'A phone number in E.164, else null.';
comment on function public.find_attempt(jsonb, uuid) is
    'The attempt that a call belongs to: by the call''s id, by its metadata, else by the number dialed if only one can be meant.';
comment on function public.find_organization(jsonb) is 'Whose call it is: by our number, else by the agent.';
comment on function public.find_or_add_call(jsonb) is 'The row of a reported call, linked and locked.';
comment on function public.report_inbound_call(public.calls) is 'Notification and activity log of an inbound call.';
comment on function public.link_call(public.calls, public.call_attempts, uuid) is 'Ties a call to its attempt, contact, campaign and organization.';
comment on function public.knowledge_of(text) is 'How much of a call an event knows.';
comment on function public.knowledge_of(public.calls) is 'The most that any event so far has known of the call.';
comment on function public.reason_of(jsonb) is 'Why the call ended, by either of the field''s names.';
comment on function public.is_over(text, jsonb) is 'Whether the event says that the call has ended.';
comment on function public.duration_of(jsonb) is 'How long the call lasted, in milliseconds.';
comment on function public.merge_call(public.calls, text, jsonb) is 'The call''s row with what an event adds to it.';
comment on function public.prefer(public.calls, public.calls) is 'What the first knows, and what only the second does.';
comment on function public.advance_contact(public.calls, public.calls, text) is
    'Moves attempt and contact on to what is now known of their call; true if this ended the attempt.';
comment on function public.note_analysis(public.calls) is 'Whether a call was successful or reached a voicemail, noted at its contact.';
comment on function public.note_opt_out(public.calls, boolean) is
    'Puts the other side of a call on the organization''s do-not-call list, or remembers it until that is known.';
comment on function public.note_callback(public.calls, text) is
    'Keeps when the contact wants to be called: ISO 8601, without an offset in the contact''s own time. Not a moment before the end of the call, or more than 90 days ahead.';
comment on function public.keep_callback(public.calls) is 'Schedules a contact that is to be called back for the moment it asked for.';
comment on function public.next_campaign(uuid, uuid) is 'An active campaign of the organization with somebody due, this one first; null if there is none.';
comment on function public.check_call_event(text, jsonb) is 'Raises EVENT_MISSING or CALL_ID_MISSING.';
comment on function public.apply_event(text, jsonb, integer, text, text) is
    'The step of apply_call_event and apply_call_events for one event, but for what follows from a freed slot.';
comment on function public.release_slots(jsonb) is
    'The answers with next_campaign_id where a campaign''s last slot was freed, after completing campaigns without more contacts.';
comment on function public.apply_call_event(text, jsonb, integer, text, text) is
    'Store a provider''s event once for each (call, event, turn) and apply it: {applied, duplicate, organization_id, campaign_id, freed_slot, next_campaign_id}. opt_out: the words by which the person asked not to be called.';
comment on function public.keep_call_event(text, jsonb, integer, text, text) is
    'Store an event that cannot be applied now; apply_call_event, which takes the same, applies it when it comes again.';
comment on function public.take_kept_events(integer) is 'Events to be applied again.';
comment on function public.apply_call_events(jsonb) is
    'apply_call_event for each {event, call, turn, opt_out, callback_at} in one transaction: all of them or none. next_campaign_id stands once a campaign.';
