-- A campaign's progress, for its people.

create function public.get_campaign_progress_v1(campaign_id uuid, actor uuid default null) returns jsonb
language plpgsql stable set search_path = ''
as $$
declare
    campaign constant public.call_campaigns := telephony.authorize_campaign(campaign_id, actor, false);
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
            -- Of the last thousand calls: counting the contacts of a large campaign would take seconds.
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
