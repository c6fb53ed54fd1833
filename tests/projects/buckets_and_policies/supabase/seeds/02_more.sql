insert into public.albums (title) values ('second');
