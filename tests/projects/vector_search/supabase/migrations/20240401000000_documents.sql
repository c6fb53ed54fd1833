-- The extension was enabled in the dashboard.
create table public.documents (id serial primary key, body text, embedding extensions.vector(3));
create index on public.documents using hnsw (embedding extensions.vector_cosine_ops);
create index on public.documents using gin (body extensions.gin_trgm_ops);
create or replace function public.match_documents(query_embedding extensions.vector(3), match_count int default 5)
returns table (id int, body text, similarity float) language sql stable set search_path = public, extensions as $$
  select id, body, 1 - (embedding <=> query_embedding) from documents order by embedding <=> query_embedding limit match_count
$$;
insert into public.documents (body, embedding) values ('near', '[1,0,0]'), ('far', '[0,1,0]');
