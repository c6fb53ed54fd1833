-- Imports that say who is not to be called: those numbers go on the do-not-call list and become no contacts.

create function public.commit_contact_import_v2(import_id uuid, staged integer) returns jsonb
language plpgsql security definer set search_path = '' set statement_timeout = '10min'
as $$
declare
    campaign public.call_campaigns;
    campaign_key uuid;
    found integer;
    imported integer;
    blocked integer;
    listed integer;
    duplicates jsonb;
begin
    select i.campaign_id into campaign_key from telephony.contact_imports i where i.id = commit_contact_import_v2.import_id;
    -- One import at a time: lists with the same numbers in different orders would deadlock.
    perform from telephony.contact_imports i where i.campaign_id = campaign_key order by i.id for update;
    campaign := telephony.check_importable(campaign_key);
    select count(*) into found from telephony.contact_import_rows r where r.import_id = commit_contact_import_v2.import_id;
    if found <> commit_contact_import_v2.staged then
        raise exception 'Of % staged rows % are there: begin again.', commit_contact_import_v2.staged, found
            using errcode = 'PT409', detail = 'IMPORT_LOST';
    end if;

    create temporary table if not exists contact_import_blocks (phone text primary key) on commit drop;
    insert into pg_temp.contact_import_blocks (phone)
    select distinct b.phone
    from telephony.contact_import_rows r, jsonb_array_elements_text(r.contact -> 'do_not_call') as b(phone)
    where r.import_id = commit_contact_import_v2.import_id and r.contact ? 'do_not_call';
    insert into public.do_not_call (organization_id, phone, reason)
    select campaign.organization_id, b.phone, 'imported' from pg_temp.contact_import_blocks b order by b.phone
    on conflict do nothing;
    get diagnostics listed = row_count;

    -- The staged rows are read once: a second join without statistics would read all of them for each one.
    create temporary table if not exists contact_import_lines
        (phone text, line integer, contact jsonb, before text) on commit drop;
    insert into pg_temp.contact_import_lines (phone, line, contact, before)
    select r.contact ->> 'phone', r.line, r.contact,
           case when r.contact ? 'do_not_call' or b.phone is not null then 'do_not_call'
                when c.id is not null then 'campaign'
                when row_number() over (partition by r.contact ->> 'phone' order by r.line) > 1 then 'file' end
    from telephony.contact_import_rows r
    left join public.campaign_contacts c on c.campaign_id = campaign.id and c.phone = r.contact ->> 'phone'
    left join pg_temp.contact_import_blocks b on b.phone = r.contact ->> 'phone'
    where r.import_id = commit_contact_import_v2.import_id;
    select count(*) into blocked from pg_temp.contact_import_lines p where p.before = 'do_not_call';

    insert into public.campaign_contacts
        (campaign_id, organization_id, phone, name, email, company, notes, time_zones, variables)
    select campaign.id, campaign.organization_id, p.phone, coalesce(p.contact ->> 'name', ''),
           p.contact ->> 'email', p.contact ->> 'company', p.contact ->> 'notes',
           array(select jsonb_array_elements_text(p.contact -> 'time_zones')),
           coalesce(p.contact -> 'variables', '{}')
    from pg_temp.contact_import_lines p
    where p.before is null
    order by p.line
    on conflict (campaign_id, phone) do nothing;  -- another transaction may add the same number
    get diagnostics imported = row_count;
    -- The insert locked the campaign (refuse_late_contacts): its status is stable until the commit.
    perform telephony.check_importable(campaign.id);

    select coalesce(jsonb_agg(jsonb_build_object('line', d.line, 'phone', d.phone, 'already_in', d.before)), '[]')
    into duplicates
    from (select * from pg_temp.contact_import_lines p
          where p.before in ('campaign', 'file') order by p.line limit 1000) d;
    drop table pg_temp.contact_import_lines, pg_temp.contact_import_blocks;
    delete from telephony.contact_import_rows r where r.import_id = commit_contact_import_v2.import_id;
    delete from telephony.contact_imports i where i.id = commit_contact_import_v2.import_id;
    insert into public.activity_logs (organization_id, actor_id, action, subject, data)
    values (campaign.organization_id, auth.uid(), 'contacts_imported', campaign.id::text,
            jsonb_build_object('imported', imported, 'rows', found, 'do_not_call', blocked));
    return jsonb_build_object(
        'imported', imported, 'duplicate_count', found - blocked - imported, 'duplicates', duplicates,
        'do_not_call_count', blocked, 'do_not_call_added', listed);
end;
$$;
comment on function public.commit_contact_import_v2(uuid, integer) is
    'Turn the staged rows into contacts, and those with do_not_call [phone] into entries of that list; `staged` is how many rows there must be: {imported, duplicate_count, duplicates [{line, phone, already_in: file | campaign}], do_not_call_count, do_not_call_added}.';

-- For functions deployed before v2.
create or replace function public.commit_contact_import_v1(import_id uuid, staged integer) returns jsonb
language sql security definer set search_path = '' set statement_timeout = '10min'
as $$ select public.commit_contact_import_v2(import_id, staged) $$;

-- A batch on a slow machine takes longer than what a role may have as its statement_timeout.
alter function public.stage_contacts_v1(uuid, jsonb) set statement_timeout = '2min';

comment on function public.stage_contacts_v1(uuid, jsonb) is
    'Contacts [{line, phone (E.164), name, email, company, notes, time_zones [IANA], variables {text: text}}], or {line, phone, do_not_call [phone]}; a line that is already staged is ignored.';

revoke execute on function public.commit_contact_import_v2 from public, anon, authenticated;
grant execute on function public.commit_contact_import_v2 to authenticated, service_role;
