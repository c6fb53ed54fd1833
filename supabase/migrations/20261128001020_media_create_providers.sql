-- Create the providers of image and video models, and their models.

create table public.api_providers (
    id uuid primary key default gen_random_uuid(),
    name text not null unique check (name <> ''),
    display_name text not null,
    base_url text,
    auth_scheme text not null default 'bearer',
    auth_header_name text,
    secret_name text check (secret_name ~ '^[A-Z][A-Z0-9_]*$'),
    rate_limits jsonb not null default '{}',
    is_active boolean not null default true,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
comment on table public.api_providers is 'A provider of models; secret_name is the environment variable with its key.';

create table public.api_models (
    id uuid primary key default gen_random_uuid(),
    provider_id uuid not null references public.api_providers (id) on delete cascade,
    model_key text not null check (model_key <> ''),
    version text,
    display_name text not null,
    modality text not null check (modality in ('image', 'video', 'chat')),
    task text not null,
    model_family text,
    endpoint_path text,
    input_defaults jsonb not null default '{}' check (jsonb_typeof(input_defaults) = 'object'),
    capabilities jsonb not null default '{}' check (jsonb_typeof(capabilities) = 'object'),
    pricing jsonb not null default '{}' check (jsonb_typeof(pricing) = 'object'),
    output_format text,
    is_active boolean not null default true,
    is_default boolean not null default false,
    priority integer not null default 0,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    check (is_active or not is_default)
);
comment on table public.api_models is 'A model of a provider; one default for each modality and task.';

create index api_models_provider_idx on public.api_models (provider_id);
create unique index api_models_default_idx on public.api_models (modality, task) where is_default;
create unique index api_models_key_idx on public.api_models (provider_id, model_key, version) nulls not distinct;

create trigger set_updated_at before update on public.api_providers
    for each row execute function media.set_updated_at();
create trigger set_updated_at before update on public.api_models
    for each row execute function media.set_updated_at();
