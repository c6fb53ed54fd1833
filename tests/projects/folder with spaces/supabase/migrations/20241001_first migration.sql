create table public.letters (id serial primary key, "Für wen" text);
insert into public.letters ("Für wen") values ('Zoë');
