alter table public.letters add column größe int default 1;
