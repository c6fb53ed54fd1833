-- Triggers that keep contacts in their campaign, and out of one that has finished.

-- A moved contact would change two campaigns' totals.
create function telephony.refuse_moved_contact() returns trigger
language plpgsql
set search_path = ''
as $$
begin
    raise exception 'A contact stays in its campaign.' using errcode = 'PT409', detail = 'CONTACT_MOVED';
end;
$$;

create trigger keep_contact_in_campaign before update of campaign_id on public.campaign_contacts
    for each row when (old.campaign_id <> new.campaign_id) execute function telephony.refuse_moved_contact();

-- A contact added while its campaign completes would never be called. So an insert locks the campaign in share mode, and is
-- refused if it has ended; contacts of a cancelled campaign are cancelled by the schedule check. Security definer: callers
-- who may add contacts may not lock campaigns.
create function telephony.refuse_late_contacts() returns trigger
language plpgsql security definer set search_path = ''
as $$
declare
    campaign public.call_campaigns;
begin
    for campaign in
        select c.* from public.call_campaigns c
        where c.id in (select a.campaign_id from added a where a.completed_at is null)
        order by c.id for share
    loop
        if campaign.status in ('completed', 'failed') then
            raise exception 'The campaign is %: it takes no more contacts.', campaign.status
                using errcode = 'PT409', detail = 'CAMPAIGN_FINISHED';
        end if;
    end loop;
    return null;
end;
$$;

create trigger refuse_late_contacts after insert on public.campaign_contacts
    referencing new table as added for each statement execute function telephony.refuse_late_contacts();
