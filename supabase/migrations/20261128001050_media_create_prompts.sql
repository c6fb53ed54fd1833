-- Create prompt templates, negative prompts and the one row of settings.

create table public.prompt_templates (
    id uuid primary key default gen_random_uuid(),
    template_name text not null check (template_name <> ''),
    enhancer_model text not null,
    use_case text not null,
    content_mode text not null default 'sfw' check (content_mode in ('sfw', 'nsfw')),
    job_type text not null check (job_type in ('chat', 'image', 'video')),
    target_model text check (target_model in ('sdxl', 'wan')),
    system_prompt text not null check (system_prompt <> ''),
    token_limit integer not null default 512 check (token_limit > 0),
    is_active boolean not null default true,
    version integer not null default 1 check (version >= 1),
    metadata jsonb not null default '{}' check (jsonb_typeof(metadata) = 'object'),
    description text,
    comment text,
    created_by uuid references auth.users (id) on delete set null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    unique (enhancer_model, use_case, content_mode, template_name),
    check (job_type <> 'chat' or target_model is null)
);
create index prompt_templates_key_idx
    on public.prompt_templates (target_model, enhancer_model, job_type, use_case, content_mode) where is_active;
comment on table public.prompt_templates is 'System prompts for enhancing prompts and for chats, found by model, enhancer, type, use case and content mode.';

create table public.negative_prompts (
    id uuid primary key default gen_random_uuid(),
    model_type text not null default 'sdxl',
    content_mode text not null default 'sfw' check (content_mode in ('sfw', 'nsfw')),
    negative_prompt text not null,
    is_active boolean not null default true,
    priority integer not null default 1,
    description text,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    unique (model_type, content_mode, negative_prompt)
);
comment on table public.negative_prompts is 'What a picture should not show, by model and content mode; highest priority first.';

create table public.system_config (
    id bigint primary key default 1 check (id = 1),
    config jsonb not null default '{}' check (jsonb_typeof(config) = 'object'),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
insert into public.system_config default values;
comment on table public.system_config is 'The one row of settings: URLs and health of workers, the snapshot of templates. Change single keys with jsonb_set.';

create trigger set_updated_at before update on public.prompt_templates
    for each row execute function media.set_updated_at();
create trigger set_updated_at before update on public.negative_prompts
    for each row execute function media.set_updated_at();
create trigger set_updated_at before update on public.system_config
    for each row execute function media.set_updated_at();
