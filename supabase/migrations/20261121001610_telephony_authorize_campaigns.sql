-- Who may act on a campaign, and whether it can start.

-- The campaign, if the actor (null: the service) may read it, or `acts` on it.
create function telephony.authorize_campaign(campaign_id uuid, actor uuid, acts boolean) returns public.call_campaigns
language plpgsql stable set search_path = ''
as $$
declare
    campaign public.call_campaigns;
    member public.profiles;
begin
    select c.* into campaign from public.call_campaigns c where c.id = authorize_campaign.campaign_id;
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

create function public.get_campaign_v1(campaign_id uuid, actor uuid, acts boolean) returns public.call_campaigns
language sql set search_path = ''
as $$ select telephony.authorize_campaign(campaign_id, actor, acts) $$;
comment on function public.get_campaign_v1 is 'The campaign, if the actor may see it, or act on it; CAMPAIGN_NOT_FOUND, ROLE_TOO_LOW.';

create function telephony.check_campaign_ready(campaign public.call_campaigns) returns void
language plpgsql stable set search_path = ''
as $$
begin
    if telephony.calling_agent(campaign) is null then
        raise exception 'The campaign has no active agent with a retell_agent_id.'
            using errcode = 'PT409', detail = 'NO_AGENT';
    elsif telephony.calling_number(campaign) is null then
        raise exception 'The campaign has no active number to call from, nor has its organization a primary one.'
            using errcode = 'PT409', detail = 'NO_PHONE_NUMBER';
    elsif campaign.status <> 'paused' and campaign.retried_at is null
        and not exists (select from public.campaign_contacts c
                        where c.campaign_id = campaign.id and c.status in ('pending', 'calling'))
    then
        raise exception 'The campaign has no contact to call.'
            using errcode = 'PT409', detail = 'CAMPAIGN_EMPTY';
    end if;
end;
$$;
