-- Pausing and completing campaigns.

-- Pause an active campaign and notify its organization. False: it was not active.
create function telephony.pause_campaign(campaign_id uuid, reason text, message text) returns boolean
language plpgsql set search_path = ''
as $$
declare
    paused public.call_campaigns;
begin
    update public.call_campaigns c
    set status = 'paused', status_reason = message, updated_at = now()
    where c.id = pause_campaign.campaign_id and c.status = 'active'
    returning c.* into paused;
    if paused.id is null then
        return false;
    end if;
    insert into public.notifications (organization_id, kind, title, body, data)
    values (paused.organization_id, 'campaign_paused', format('The campaign %s is paused', paused.name), message,
            jsonb_build_object('campaign_id', paused.id, 'reason', reason));
    insert into public.activity_logs (organization_id, action, subject, data)
    values (paused.organization_id, 'campaign_paused', paused.id::text, jsonb_build_object('reason', reason));
    return true;
end;
$$;

create function public.pause_campaign_v1(campaign_id uuid, reason text, message text) returns boolean
language sql set search_path = ''
as $$ select telephony.pause_campaign(campaign_id, reason, message) $$;
comment on function public.pause_campaign_v1 is 'Pause an active campaign and notify its organization. False: it was not active.';

-- Whether more than `beyond` contacts of the campaign are pending, or calling.
create function telephony.has_open_contacts(campaign_id uuid, beyond integer default 0) returns boolean
language sql stable set search_path = ''
as $$
    select exists (
        select from public.campaign_contacts c
        where c.campaign_id = has_open_contacts.campaign_id and c.status = 'calling' offset beyond
    ) or exists (
        select from public.campaign_contacts c
        where c.campaign_id = has_open_contacts.campaign_id and c.status = 'pending' offset beyond
    );
$$;

-- Complete an active campaign without open contacts. Called when a contact ends, and by the schedule check.
create function telephony.complete_campaign(campaign_id uuid) returns boolean
language plpgsql set search_path = ''
as $$
declare
    finished public.call_campaigns;
begin
    -- More contacts are open than concurrent transactions could close: this is not the last one.
    if telephony.has_open_contacts(campaign_id, current_setting('max_connections')::integer) then
        return false;
    end if;
    -- Of two last calls that end concurrently, the second waits here and then sees the first one's end. While failed
    -- contacts are being requeued (retried_at), requeue_failed_contacts_v1 completes the campaign.
    perform from public.call_campaigns c
    where c.id = complete_campaign.campaign_id and c.status = 'active' and c.retried_at is null for no key update;
    if not found or telephony.has_open_contacts(campaign_id) then
        return false;
    end if;
    update public.call_campaigns c
    set status = 'completed', status_reason = null, finished_at = telephony.now(), updated_at = now()
    where c.id = complete_campaign.campaign_id
    returning c.* into finished;
    insert into public.notifications (organization_id, kind, title, data)
    values (finished.organization_id, 'campaign_completed', format('The campaign %s is complete', finished.name),
            jsonb_build_object('campaign_id', finished.id));
    insert into public.activity_logs (organization_id, action, subject)
    values (finished.organization_id, 'campaign_completed', finished.id::text);
    return true;
end;
$$;
