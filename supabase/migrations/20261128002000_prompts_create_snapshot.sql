-- Create the snapshot of templates that functions cache, and the revision by which they see that it is outdated.

create table media.prompt_revision (
    id boolean primary key default true check (id),
    revision bigint not null
);
insert into media.prompt_revision (revision) values (1);
comment on table media.prompt_revision is 'Counts the changes of prompt_templates and negative_prompts.';

alter table media.prompt_revision enable row level security;
revoke all on media.prompt_revision from public, anon, authenticated;
grant select on media.prompt_revision to service_role;

-- Security definer: admins change templates, the revision is nobody's to change.
create function media.count_prompt_change() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
    update media.prompt_revision set revision = revision + 1;
    return null;
end;
$$;
create trigger count_change after insert or update or delete or truncate on public.prompt_templates
    for each statement execute function media.count_prompt_change();
create trigger count_change after insert or update or delete or truncate on public.negative_prompts
    for each statement execute function media.count_prompt_change();

create function public.load_prompt_snapshot_v1(known_revision bigint) returns jsonb
language sql stable security definer set search_path = ''
as $$
    select jsonb_build_object(
        'revision', r.revision,
        'snapshot', case when r.revision is distinct from load_prompt_snapshot_v1.known_revision then c.config -> 'promptCache' end)
    from media.prompt_revision r left join public.system_config c on c.id = 1;
$$;
comment on function public.load_prompt_snapshot_v1(bigint) is
    'Return {revision, snapshot}; the snapshot is null when the revision is the known one, or when none is stored.';

-- One statement, so that revision and rows are of the same time. The newest row of a key comes last.
create function public.read_prompt_tables_v1() returns jsonb
language sql stable security definer set search_path = ''
as $$
    select jsonb_build_object(
        'revision', (select r.revision from media.prompt_revision r),
        'templates', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'id', t.id, 'template_name', t.template_name, 'target_model', t.target_model,
                'enhancer_model', t.enhancer_model, 'job_type', t.job_type, 'use_case', t.use_case,
                'content_mode', t.content_mode, 'system_prompt', t.system_prompt, 'token_limit', t.token_limit,
                'version', t.version, 'metadata', t.metadata) order by t.version, t.updated_at, t.id), '[]')
            from public.prompt_templates t where t.is_active),
        'negatives', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'model_type', n.model_type, 'content_mode', n.content_mode, 'negative_prompt', n.negative_prompt)
                order by n.priority desc, n.created_at, n.id), '[]')
            from public.negative_prompts n where n.is_active));
$$;
comment on function public.read_prompt_tables_v1() is
    'Return {revision, templates, negatives}: the active rows, negative prompts by priority.';

create function public.save_prompt_snapshot_v1(snapshot jsonb) returns boolean
language plpgsql security definer set search_path = ''
as $$
begin
    update public.system_config c
    set config = c.config || jsonb_build_object(
        'promptCache', save_prompt_snapshot_v1.snapshot,
        'cacheLastRefreshed', save_prompt_snapshot_v1.snapshot #> '{metadata,lastUpdated}',
        'cacheVersion', save_prompt_snapshot_v1.snapshot #> '{metadata,version}')
    where c.id = 1 and case when jsonb_typeof(c.config #> '{promptCache,metadata,revision}') = 'number'
        then (c.config #>> '{promptCache,metadata,revision}')::numeric <= (save_prompt_snapshot_v1.snapshot #>> '{metadata,revision}')::numeric
        else true end;
    return found;
end;
$$;
comment on function public.save_prompt_snapshot_v1(jsonb) is
    'Store the snapshot in system_config unless one of a later revision is there; return whether it was stored.';

revoke execute on function public.load_prompt_snapshot_v1, public.read_prompt_tables_v1, public.save_prompt_snapshot_v1
    from public, anon, authenticated;
grant execute on function public.load_prompt_snapshot_v1, public.read_prompt_tables_v1, public.save_prompt_snapshot_v1
    to service_role;
