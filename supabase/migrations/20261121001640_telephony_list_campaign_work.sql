-- The work of the check that runs each minute.

-- Start drafts that are due; one that cannot start fails, with the reason.
create function public.start_due_campaigns_v1(in_organization uuid default null) returns setof uuid
language plpgsql set search_path = ''
as $$
declare
    due public.call_campaigns;
begin
    for due in
        select c.* from public.call_campaigns c
        where c.status = 'draft' and c.scheduled_at <= telephony.now()
          and (in_organization is null or c.organization_id = in_organization)
        order by c.scheduled_at limit 100 for no key update skip locked
    loop
        begin
            perform telephony.change_campaign(due.id, 'start_campaign');
            return next due.id;
        exception when sqlstate 'PT409' then
            update public.call_campaigns c
            set status = 'failed', status_reason = sqlerrm, finished_at = telephony.now(), updated_at = now()
            where c.id = due.id;
            insert into public.notifications (organization_id, kind, title, body, data)
            values (due.organization_id, 'campaign_failed', format('The campaign %s could not start', due.name), sqlerrm,
                    jsonb_build_object('campaign_id', due.id));
        end;
    end loop;
end;
$$;

-- Complete campaigns without open contacts, and list the rest of the check's work.
create function public.list_campaign_work_v1(in_organization uuid default null) returns jsonb
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
        if not telephony.complete_campaign(campaign.id) then
            organizations := array_append(organizations, campaign.organization_id);
            if telephony.next_dial_delay(campaign.id) is not null then
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
