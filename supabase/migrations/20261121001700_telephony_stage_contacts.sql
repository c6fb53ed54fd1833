-- Imports of contacts: rows are staged in any number of calls, and become contacts in one transaction or not at all.

create table telephony.contact_imports (
    id uuid primary key default gen_random_uuid(),
    campaign_id uuid not null references public.call_campaigns (id) on delete cascade,
    created_by uuid default auth.uid(),
    created_at timestamptz not null default now()
);
comment on table telephony.contact_imports is 'Imports in progress; deleted after a day.';

create index contact_imports_campaign_id_idx on telephony.contact_imports (campaign_id);

-- Unlogged: losing staged rows in a crash only fails the import.
create unlogged table telephony.contact_import_rows (
    import_id uuid not null,
    line integer not null check (line >= 1),
    contact jsonb not null,
    primary key (import_id, line)
);
comment on table telephony.contact_import_rows is 'The staged rows of imports in progress.';

alter table telephony.contact_imports enable row level security;
alter table telephony.contact_import_rows enable row level security;

-- All of these are security definer, since no role may read the staging tables, and authorize the caller themselves.
create function telephony.authorize_import(campaign uuid) returns public.call_campaigns
language plpgsql stable security definer set search_path = ''
as $$
declare
    found public.call_campaigns;
begin
    select c.* into found from public.call_campaigns c where c.id = campaign;
    if found.id is null
        or ((select auth.role()) <> 'service_role' and found.organization_id is distinct from public.get_my_org_id())
    then
        raise exception 'There is no campaign %.', campaign using errcode = 'PT404', detail = 'CAMPAIGN_NOT_FOUND';
    end if;
    if (select auth.role()) <> 'service_role' and public.get_my_role() not in ('admin', 'manager') then
        raise exception 'A viewer may look at campaigns, not change them.' using errcode = 'PT403', detail = 'ROLE_TOO_LOW';
    end if;
    return found;
end;
$$;

create function telephony.check_importable(campaign uuid) returns public.call_campaigns
language plpgsql stable security definer set search_path = ''
as $$
declare
    found constant public.call_campaigns := telephony.authorize_import(campaign);
begin
    if found.status in ('completed', 'failed', 'cancelled') then
        raise exception 'The campaign is %: it takes no more contacts.', found.status
            using errcode = 'PT409', detail = 'CAMPAIGN_FINISHED';
    end if;
    return found;
end;
$$;

create function public.begin_contact_import_v1(campaign_id uuid) returns uuid
language plpgsql security definer set search_path = ''
as $$
declare
    campaign public.call_campaigns := telephony.check_importable(begin_contact_import_v1.campaign_id);
    created uuid;
begin
    with abandoned as (
        delete from telephony.contact_imports i where i.created_at < now() - interval '1 day' returning i.id
    )
    delete from telephony.contact_import_rows r using abandoned a where r.import_id = a.id;
    insert into telephony.contact_imports (campaign_id) values (campaign.id) returning id into created;
    return created;
end;
$$;
comment on function public.begin_contact_import_v1(uuid) is 'The id of a new import into a campaign that the caller may change.';

create function public.stage_contacts_v1(import_id uuid, contacts jsonb) returns void
language plpgsql security definer set search_path = ''
as $$
declare
    campaign uuid;
begin
    select i.campaign_id into campaign from telephony.contact_imports i where i.id = stage_contacts_v1.import_id;
    perform telephony.check_importable(campaign);
    insert into telephony.contact_import_rows (import_id, line, contact)
    select stage_contacts_v1.import_id, (c.value ->> 'line')::integer, c.value
    from jsonb_array_elements(contacts) c
    on conflict do nothing;
end;
$$;
comment on function public.stage_contacts_v1(uuid, jsonb) is
    'Contacts [{line, phone (E.164), name, email, company, notes, time_zones [IANA], variables {text: text}}]; a line that is already staged is ignored.';

create function public.abandon_contact_import_v1(import_id uuid) returns void
language plpgsql security definer set search_path = ''
as $$
declare
    campaign uuid;
begin
    select i.campaign_id into campaign from telephony.contact_imports i where i.id = abandon_contact_import_v1.import_id;
    perform telephony.authorize_import(campaign);
    delete from telephony.contact_import_rows r where r.import_id = abandon_contact_import_v1.import_id;
    delete from telephony.contact_imports i where i.id = abandon_contact_import_v1.import_id;
end;
$$;
comment on function public.abandon_contact_import_v1(uuid) is 'Delete an import and its staged rows.';
