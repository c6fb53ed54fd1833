-- Importing contacts: rows are staged in any number of calls, and become contacts in one transaction or not at all.

create table public.contact_imports (
    id uuid primary key default gen_random_uuid(),
    campaign_id uuid not null references public.call_campaigns (id) on delete cascade,
    created_by uuid default auth.uid(),
    created_at timestamptz not null default now()
);

create index contact_imports_campaign_id_idx on public.contact_imports (campaign_id);

-- Unlogged: what a crash of the server empties was never promised to anybody.
create unlogged table public.contact_import_rows (
    import_id uuid not null,
    line integer not null check (line >= 1),
    contact jsonb not null,
    primary key (import_id, line)
);

alter table public.contact_imports enable row level security;
alter table public.contact_import_rows enable row level security;
revoke all on public.contact_imports, public.contact_import_rows from public, anon, authenticated;

-- Security definer, all of these: the staging tables are nobody's to read. They check who calls.
create function public.require_own_campaign(campaign uuid) returns public.call_campaigns
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

create function public.require_importable_campaign(campaign uuid) returns public.call_campaigns
language plpgsql stable security definer set search_path = ''
as $$
declare
    found constant public.call_campaigns := public.require_own_campaign(campaign);
begin
    if found.status in ('completed', 'failed', 'cancelled') then
        raise exception 'The campaign is %: it takes no more contacts.', found.status
            using errcode = 'PT409', detail = 'CAMPAIGN_FINISHED';
    end if;
    return found;
end;
$$;

create function public.begin_contact_import(campaign_id uuid) returns uuid
language plpgsql security definer set search_path = ''
as $$
declare
    campaign public.call_campaigns := public.require_importable_campaign(begin_contact_import.campaign_id);
    created uuid;
begin
    with abandoned as (
        delete from public.contact_imports i where i.created_at < now() - interval '1 day' returning i.id
    )
    delete from public.contact_import_rows r using abandoned a where r.import_id = a.id;
    insert into public.contact_imports (campaign_id) values (campaign.id) returning id into created;
    return created;
end;
$$;

create function public.stage_contacts(import_id uuid, contacts jsonb) returns void
language plpgsql security definer set search_path = ''
as $$
declare
    campaign uuid;
begin
    select i.campaign_id into campaign from public.contact_imports i where i.id = stage_contacts.import_id;
    perform public.require_importable_campaign(campaign);
    insert into public.contact_import_rows (import_id, line, contact)
    select stage_contacts.import_id, (c.value ->> 'line')::integer, c.value
    from jsonb_array_elements(contacts) c
    on conflict do nothing;
end;
$$;

create function public.abandon_contact_import(import_id uuid) returns void
language plpgsql security definer set search_path = ''
as $$
declare
    campaign uuid;
begin
    select i.campaign_id into campaign from public.contact_imports i where i.id = abandon_contact_import.import_id;
    perform public.require_own_campaign(campaign);
    delete from public.contact_import_rows r where r.import_id = abandon_contact_import.import_id;
    delete from public.contact_imports i where i.id = abandon_contact_import.import_id;
end;
$$;

create function public.commit_contact_import(import_id uuid, staged integer) returns jsonb
language plpgsql security definer set search_path = ''
as $$
declare
    campaign public.call_campaigns;
    campaign_key uuid;
    found integer;
    imported integer;
    duplicates jsonb;
begin
    select i.campaign_id into campaign_key from public.contact_imports i where i.id = commit_contact_import.import_id;
    -- One after the other: lists with the same numbers in other orders would wait for each other for ever.
    perform from public.contact_imports i where i.campaign_id = campaign_key order by i.id for update;
    campaign := public.require_importable_campaign(campaign_key);
    select count(*) into found from public.contact_import_rows r where r.import_id = commit_contact_import.import_id;
    if found <> commit_contact_import.staged then
        raise exception 'Of % staged rows % are there: begin again.', commit_contact_import.staged, found
            using errcode = 'PT409', detail = 'IMPORT_LOST';
    end if;

    create temporary table if not exists contact_import_phones (phone text, line integer, before text) on commit drop;
    insert into pg_temp.contact_import_phones (phone, line, before)
    select r.contact ->> 'phone', r.line,
           case when c.id is not null then 'campaign'
                when row_number() over (partition by r.contact ->> 'phone' order by r.line) > 1 then 'file' end
    from public.contact_import_rows r
    left join public.campaign_contacts c on c.campaign_id = campaign.id and c.phone = r.contact ->> 'phone'
    where r.import_id = commit_contact_import.import_id;

    insert into public.campaign_contacts
        (campaign_id, organization_id, phone, name, email, company, notes, time_zones, variables)
    select campaign.id, campaign.organization_id, p.phone, coalesce(r.contact ->> 'name', ''),
           r.contact ->> 'email', r.contact ->> 'company', r.contact ->> 'notes',
           array(select jsonb_array_elements_text(r.contact -> 'time_zones')),
           coalesce(r.contact -> 'variables', '{}')
    from pg_temp.contact_import_phones p
    join public.contact_import_rows r on r.import_id = commit_contact_import.import_id and r.line = p.line
    where p.before is null
    order by p.line
    on conflict (campaign_id, phone) do nothing;  -- somebody may be adding the same number by hand
    get diagnostics imported = row_count;
    -- What was added holds the campaign (refuse_late_contacts): as it is now it stays until we have committed.
    perform public.require_importable_campaign(campaign.id);

    select coalesce(jsonb_agg(jsonb_build_object('line', d.line, 'phone', d.phone, 'already_in', d.before)), '[]')
    into duplicates
    from (select * from pg_temp.contact_import_phones p where p.before is not null order by p.line limit 1000) d;
    drop table pg_temp.contact_import_phones;
    delete from public.contact_import_rows r where r.import_id = commit_contact_import.import_id;
    delete from public.contact_imports i where i.id = commit_contact_import.import_id;
    insert into public.activity_logs (organization_id, actor_id, action, subject, data)
    values (campaign.organization_id, auth.uid(), 'contacts_imported', campaign.id::text,
            jsonb_build_object('imported', imported, 'rows', found));
    return jsonb_build_object('imported', imported, 'duplicate_count', found - imported, 'duplicates', duplicates);
end;
$$;

revoke execute on function
    public.require_own_campaign(uuid), public.require_importable_campaign(uuid),
    public.begin_contact_import(uuid), public.stage_contacts(uuid, jsonb),
    public.abandon_contact_import(uuid), public.commit_contact_import(uuid, integer)
    from public, anon, authenticated;
grant execute on function
    public.begin_contact_import(uuid), public.stage_contacts(uuid, jsonb),
    public.abandon_contact_import(uuid), public.commit_contact_import(uuid, integer)
    to authenticated, service_role;

comment on function public.stage_contacts(uuid, jsonb) is
    'Contacts [{line, phone (E.164), name, email, company, notes, time_zones [IANA], variables {text: text}}]; a line staged again is left.';
comment on function public.commit_contact_import(uuid, integer) is
    'Make contacts of the staged rows, whose number the caller knows: {imported, duplicate_count, duplicates [{line, phone, already_in: file | campaign}]}.';

comment on table public.contact_imports is 'Imports under way; one that is not committed within a day is forgotten.';
comment on table public.contact_import_rows is 'The rows of imports under way.';

comment on function public.begin_contact_import(uuid) is 'The id of a new import into a campaign that the caller may change.';
comment on function public.abandon_contact_import(uuid) is 'Forget an import and its staged rows.';
