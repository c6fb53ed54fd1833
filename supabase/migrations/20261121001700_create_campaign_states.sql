-- The life of a campaign: draft → active ⇄ paused → completed, failed or cancelled, changed by one function.

alter table public.call_campaigns add column retried_at timestamptz;
comment on column public.call_campaigns.retried_at is
    'Contacts that failed until then are being queued again, while the campaign is active; null when that is done.';

create index call_campaigns_cancelled_idx on public.call_campaigns (finished_at) where status = 'cancelled';

create table public.campaign_transitions (
    action text,
    from_status text,
    to_status text not null,
    primary key (action, from_status)
);

insert into public.campaign_transitions (action, from_status, to_status) values
    ('start_campaign', 'draft', 'active'),
    ('start_campaign', 'failed', 'active'),
    ('pause_campaign', 'active', 'paused'),
    ('resume_campaign', 'paused', 'active'),
    ('cancel_campaign', 'draft', 'cancelled'),
    ('cancel_campaign', 'active', 'cancelled'),
    ('cancel_campaign', 'paused', 'cancelled'),
    ('retry_failed', 'active', 'active'),
    ('retry_failed', 'paused', 'active'),
    ('retry_failed', 'completed', 'active'),
    ('retry_failed', 'failed', 'active');

alter table public.campaign_transitions enable row level security;
revoke all on public.campaign_transitions from public, anon, authenticated;
grant select on public.campaign_transitions to service_role;

-- The campaign, if this member of its organization may do this to it; a null actor may do everything.
create function public.campaign_for(campaign_id uuid, actor uuid, acts boolean) returns public.call_campaigns
language plpgsql stable set search_path = ''
as $$
declare
    campaign public.call_campaigns;
    member public.profiles;
begin
    select c.* into campaign from public.call_campaigns c where c.id = campaign_for.campaign_id;
    select p.* into member from public.profiles p where p.id = actor;
    if campaign.id is null or actor is not null and member.organization_id is distinct from campaign.organization_id then
        raise exception 'There is no campaign %.', campaign_id
            using errcode = 'PT404', detail = 'CAMPAIGN_NOT_FOUND';
    end if;
    if acts and member.role = 'viewer' then
        raise exception 'A viewer may look at campaigns; admins and managers run them.'
            using errcode = 'PT403', detail = 'ROLE_TOO_LOW';
    end if;
    return campaign;
end;
$$;

create function public.check_ready(campaign public.call_campaigns) returns void
language plpgsql stable set search_path = ''
as $$
begin
    if public.calling_agent(campaign) is null then
        raise exception 'The campaign has no active agent with a retell_agent_id.'
            using errcode = 'PT409', detail = 'NO_AGENT';
    elsif public.calling_number(campaign) is null then
        raise exception 'The campaign has no active number to call from, nor has its organization a primary one.'
            using errcode = 'PT409', detail = 'NO_PHONE_NUMBER';
    elsif campaign.status <> 'paused' and campaign.retried_at is null
        and not exists (select from public.campaign_contacts c
                        where c.campaign_id = campaign.id and c.status in ('pending', 'calling'))
    then
        raise exception 'The campaign has nobody to call.'
            using errcode = 'PT409', detail = 'CAMPAIGN_EMPTY';
    end if;
end;
$$;

-- Whether contacts are left that had failed by then and may be called again.
create function public.has_failed_contacts(campaign_id uuid, failed_by timestamptz) returns boolean
language sql stable set search_path = ''
as $$
    select exists (
        select from public.campaign_contacts c
        where c.campaign_id = has_failed_contacts.campaign_id and c.status = 'failed'
          and c.outcome is distinct from 'invalid_number' and c.completed_at <= failed_by);
$$;

-- Some of them become pending, none that somebody else has locked; how many.
create function public.queue_failed_contacts(campaign_id uuid, failed_by timestamptz, batch integer) returns integer
language sql set search_path = ''
as $$
    with failed as (
        select c.id from public.campaign_contacts c
        where c.campaign_id = queue_failed_contacts.campaign_id and c.status = 'failed'
          and c.outcome is distinct from 'invalid_number' and c.completed_at <= failed_by
        limit batch for no key update of c skip locked
    ),
    queued as (
        update public.campaign_contacts c
        set status = 'pending', attempts = 0, completed_at = null, next_attempt_at = public.campaign_now()
        from failed f where c.id = f.id
        returning 1
    )
    select count(*)::integer from queued;
$$;

create function public.change_campaign(campaign_id uuid, action text, actor uuid default null) returns text
language plpgsql set search_path = ''
as $$
declare
    campaign public.call_campaigns := public.campaign_for(campaign_id, actor, true);
    next_status text;
    retried constant timestamptz := case when action = 'retry_failed' then public.campaign_now() end;
    queued integer := 0;
begin
    if retried is not null then
        -- Some at once: the dialling that begins now should find somebody. Before the campaign's lock, as elsewhere.
        queued := public.queue_failed_contacts(campaign.id, retried, 5000);
    end if;
    select c.* into campaign from public.call_campaigns c where c.id = campaign.id for no key update;
    select t.to_status into next_status from public.campaign_transitions t
    where t.action = change_campaign.action and t.from_status = campaign.status;
    if next_status is null then
        raise exception 'The campaign is %: % takes one that is % to %.', campaign.status, action,
            (select string_agg(t.from_status, ' or ' order by t.from_status)
             from public.campaign_transitions t where t.action = change_campaign.action),
            (select min(t.to_status) from public.campaign_transitions t where t.action = change_campaign.action)
            using errcode = 'PT409', detail = 'WRONG_STATE';
    end if;
    if action in ('start_campaign', 'resume_campaign') then
        perform public.check_ready(campaign);
    end if;
    update public.call_campaigns c
    set status = next_status, status_reason = null, updated_at = now(),
        started_at = case when next_status = 'active' then coalesce(c.started_at, public.campaign_now())
                          else c.started_at end,
        finished_at = case when next_status = 'cancelled' then public.campaign_now() end,
        retried_at = case when next_status <> 'cancelled' then coalesce(retried, c.retried_at) end
    where c.id = campaign.id;
    if retried is not null and queued = 0
        and not public.has_open_contacts(campaign.id) and not public.has_failed_contacts(campaign.id, retried)
    then
        raise exception 'Nobody in the campaign failed who could be called again.'
            using errcode = 'PT409', detail = 'NOTHING_TO_RETRY';
    end if;
    insert into public.activity_logs (organization_id, actor_id, action, subject, data)
    values (campaign.organization_id, actor, action, campaign.id::text,
            jsonb_build_object('from', campaign.status, 'to', next_status));
    -- Its last calls may have ended while it paused.
    if action = 'resume_campaign' and public.complete_campaign(campaign.id) then
        next_status := 'completed';
    end if;
    return next_status;
end;
$$;

-- Some of a campaign's contacts at a time, and none that a call holds just now: a million of them in one transaction
-- would keep everybody waiting.
create function public.cancel_contacts(campaign_id uuid, batch integer default 5000) returns integer
language sql set search_path = ''
as $$
    with waiting as (
        select c.id from public.campaign_contacts c
        join public.call_campaigns p on p.id = c.campaign_id and p.status = 'cancelled'
        where c.campaign_id = cancel_contacts.campaign_id and c.status = 'pending'
        limit batch for no key update of c skip locked
    ),
    cancelled as (
        update public.campaign_contacts c
        set status = 'cancelled', outcome = 'cancelled', completed_at = public.campaign_now()
        from waiting w where c.id = w.id
        returning 1
    )
    select count(*)::integer from cancelled;
$$;

-- None moved is not the end of it: the campaign may be paused, or somebody else may hold the last ones.
create function public.requeue_failed(campaign_id uuid, batch integer default 5000) returns integer
language plpgsql set search_path = ''
as $$
declare
    campaign public.call_campaigns;
    queued integer;
begin
    select c.* into campaign from public.call_campaigns c
    where c.id = requeue_failed.campaign_id and c.status = 'active' and c.retried_at is not null;
    if campaign.id is null then
        return 0;
    end if;
    queued := public.queue_failed_contacts(campaign.id, campaign.retried_at, batch);
    if queued = 0 and not public.has_failed_contacts(campaign.id, campaign.retried_at) then
        -- Asked for once more meanwhile, it is not done.
        update public.call_campaigns c set retried_at = null
        where c.id = campaign.id and c.status = 'active' and c.retried_at = campaign.retried_at;
        perform public.complete_campaign(campaign.id);
    end if;
    return queued;
end;
$$;

-- Starts drafts whose time has come; one that cannot start fails, with the reason.
create function public.start_due_campaigns(in_organization uuid default null) returns setof uuid
language plpgsql set search_path = ''
as $$
declare
    due public.call_campaigns;
begin
    for due in
        select c.* from public.call_campaigns c
        where c.status = 'draft' and c.scheduled_at <= public.campaign_now()
          and (in_organization is null or c.organization_id = in_organization)
        order by c.scheduled_at limit 100 for no key update skip locked
    loop
        begin
            perform public.change_campaign(due.id, 'start_campaign');
            return next due.id;
        exception when sqlstate 'PT409' then
            update public.call_campaigns c
            set status = 'failed', status_reason = sqlerrm, finished_at = public.campaign_now(), updated_at = now()
            where c.id = due.id;
            insert into public.notifications (organization_id, kind, title, body, data)
            values (due.organization_id, 'campaign_failed', format('The campaign %s could not start', due.name), sqlerrm,
                    jsonb_build_object('campaign_id', due.id));
        end;
    end loop;
end;
$$;

-- Completes what has ended, and names the rest of what a minute's check has to see to.
create function public.list_campaign_work(in_organization uuid default null) returns jsonb
language plpgsql set search_path = ''
as $$
declare
    campaign public.call_campaigns;
    due uuid[] := '{}';
    organizations uuid[] := '{}';
begin
    for campaign in
        select c.* from public.call_campaigns c
        where c.status = 'active' and (in_organization is null or c.organization_id = in_organization)
    loop
        if not public.complete_campaign(campaign.id) then
            organizations := array_append(organizations, campaign.organization_id);
            if public.next_dial_in(campaign.id) is not null then
                due := array_append(due, campaign.id);
            end if;
        end if;
    end loop;
    return jsonb_build_object(
        'due', to_jsonb(due),
        'organizations', (select coalesce(jsonb_agg(distinct o), '[]') from unnest(organizations) as o),
        'retrying', (select coalesce(jsonb_agg(c.id), '[]') from public.call_campaigns c
                     where c.status = 'active' and c.retried_at is not null
                       and (in_organization is null or c.organization_id = in_organization)),
        'cancelling', (select coalesce(jsonb_agg(c.id), '[]') from public.call_campaigns c
                       where c.status = 'cancelled' and (in_organization is null or c.organization_id = in_organization)
                         and exists (select from public.campaign_contacts k
                                     where k.campaign_id = c.id and k.status = 'pending')));
end;
$$;

create function public.campaign_progress(campaign_id uuid, actor uuid default null) returns jsonb
language plpgsql stable set search_path = ''
as $$
declare
    campaign constant public.call_campaigns := public.campaign_for(campaign_id, actor, false);
    pace public.dial_pace;
begin
    select p.* into pace from public.dial_pace p where p.organization_id = campaign.organization_id;
    return jsonb_build_object(
        'campaign_id', campaign.id,
        'name', campaign.name,
        'status', campaign.status,
        'status_reason', campaign.status_reason,
        'scheduled_at', campaign.scheduled_at,
        'started_at', campaign.started_at,
        'finished_at', campaign.finished_at,
        'statistics', (
            select to_jsonb(s) - 'campaign_id' - 'organization_id'
            from public.campaign_statistics s where s.campaign_id = campaign.id),
        'calling', (select count(*) from public.campaign_contacts c
                    where c.campaign_id = campaign.id and c.status = 'calling'),
        'next_attempt_at', (select min(c.next_attempt_at) from public.campaign_contacts c
                            where c.campaign_id = campaign.id and c.status = 'pending'),
        'outcomes', (
            -- The last thousand calls: counting the contacts of a large campaign would take seconds.
            select coalesce(jsonb_object_agg(o.outcome, o.calls), '{}')
            from (select coalesce(p.outcome, 'failed') as outcome, count(*) as calls
                  from (select c.disconnection_reason from public.calls c
                        where c.campaign_id = campaign.id
                        order by c.created_at desc limit 1000) as recent
                  join public.disconnection_policies p on p.reason = recent.disconnection_reason
                  group by 1) as o),
        'pace', jsonb_build_object(
            'calls_last_minute', (select count(*) from public.calls c
                                  where c.campaign_id = campaign.id and c.created_at > now() - interval '1 minute'),
            'limit', greatest(pace.current_limit - pace.reserved_concurrency, 0),
            'calls_per_second', pace.calls_per_second,
            'blocked_until', pace.blocked_until));
end;
$$;

revoke execute on function
    public.campaign_for(uuid, uuid, boolean),
    public.check_ready(public.call_campaigns),
    public.has_failed_contacts(uuid, timestamptz),
    public.queue_failed_contacts(uuid, timestamptz, integer),
    public.change_campaign(uuid, text, uuid),
    public.cancel_contacts(uuid, integer),
    public.requeue_failed(uuid, integer),
    public.start_due_campaigns(uuid),
    public.list_campaign_work(uuid),
    public.campaign_progress(uuid, uuid)
    from public, anon, authenticated;

comment on function public.change_campaign(uuid, text, uuid) is
    'Start, pause, resume, cancel or take up again; the new status. WRONG_STATE names both states, NO_AGENT, NO_PHONE_NUMBER, CAMPAIGN_EMPTY and NOTHING_TO_RETRY what is missing.';
comment on function public.campaign_for(uuid, uuid, boolean) is
    'CAMPAIGN_NOT_FOUND for a campaign of another organization too: that it exists is none of the caller''s business.';
comment on function public.requeue_failed(uuid, integer) is
    'Queue some of an active campaign''s contacts again that had failed by retried_at, with all their attempts; how many. Impossible numbers stay as they are.';

comment on table public.campaign_transitions is 'Which state of a campaign may follow which.';
