-- Changes a campaign's state.

-- Whether contacts are left that failed by then and may be called again.
create function telephony.has_failed_contacts(campaign_id uuid, failed_by timestamptz) returns boolean
language sql stable set search_path = ''
as $$
    select exists (
        select from public.campaign_contacts c
        where c.campaign_id = has_failed_contacts.campaign_id and c.status = 'failed'
          and c.outcome is distinct from 'invalid_number' and c.completed_at <= failed_by);
$$;

-- Requeue some of them, skipping locked rows; returns how many.
create function telephony.requeue_contacts(campaign_id uuid, failed_by timestamptz, batch integer) returns integer
language sql set search_path = ''
as $$
    with failed as (
        select c.id from public.campaign_contacts c
        where c.campaign_id = requeue_contacts.campaign_id and c.status = 'failed'
          and c.outcome is distinct from 'invalid_number' and c.completed_at <= failed_by
        limit batch for no key update of c skip locked
    ),
    queued as (
        update public.campaign_contacts c
        set status = 'pending', attempts = 0, completed_at = null, next_attempt_at = telephony.now()
        from failed f where c.id = f.id
        returning 1
    )
    select count(*)::integer from queued;
$$;

-- See public.change_campaign_v1.
create function telephony.change_campaign(campaign_id uuid, action text, actor uuid default null) returns text
language plpgsql set search_path = ''
as $$
declare
    campaign public.call_campaigns := telephony.authorize_campaign(campaign_id, actor, true);
    next_status text;
    retried constant timestamptz := case when action = 'retry_failed' then telephony.now() end;
    queued integer := 0;
begin
    if retried is not null then
        -- The first batch at once, so that dialling finds contacts. Contacts are locked before their campaign, as elsewhere.
        queued := telephony.requeue_contacts(campaign.id, retried, 5000);
    end if;
    select c.* into campaign from public.call_campaigns c where c.id = campaign.id for no key update;
    select t.to_status into next_status from telephony.campaign_transitions t
    where t.action = change_campaign.action and t.from_status = campaign.status;
    if next_status is null then
        raise exception 'The campaign is %: % takes one that is % to %.', campaign.status, action,
            (select string_agg(t.from_status, ' or ' order by t.from_status)
             from telephony.campaign_transitions t where t.action = change_campaign.action),
            (select min(t.to_status) from telephony.campaign_transitions t where t.action = change_campaign.action)
            using errcode = 'PT409', detail = 'WRONG_STATE';
    end if;
    if action in ('start_campaign', 'resume_campaign') then
        perform telephony.check_campaign_ready(campaign);
    end if;
    update public.call_campaigns c
    set status = next_status, status_reason = null, updated_at = now(),
        started_at = case when next_status = 'active' then coalesce(c.started_at, telephony.now())
                          else c.started_at end,
        finished_at = case when next_status = 'cancelled' then telephony.now() end,
        retried_at = case when next_status <> 'cancelled' then coalesce(retried, c.retried_at) end
    where c.id = campaign.id;
    if retried is not null and queued = 0
        and not telephony.has_open_contacts(campaign.id) and not telephony.has_failed_contacts(campaign.id, retried)
    then
        raise exception 'The campaign has no failed contact that can be called again.'
            using errcode = 'PT409', detail = 'NOTHING_TO_RETRY';
    end if;
    insert into public.activity_logs (organization_id, actor_id, action, subject, data)
    values (campaign.organization_id, actor, action, campaign.id::text,
            jsonb_build_object('from', campaign.status, 'to', next_status));
    -- Its last calls may have ended during the pause.
    if action = 'resume_campaign' and telephony.complete_campaign(campaign.id) then
        next_status := 'completed';
    end if;
    return next_status;
end;
$$;

create function public.change_campaign_v1(campaign_id uuid, action text, actor uuid default null) returns text
language sql set search_path = ''
as $$ select telephony.change_campaign(campaign_id, action, actor) $$;
comment on function public.change_campaign_v1 is 'Start, pause, resume, cancel a campaign or retry its failed contacts; the new status. WRONG_STATE names both states, NO_AGENT, NO_PHONE_NUMBER, CAMPAIGN_EMPTY and NOTHING_TO_RETRY what is missing.';
