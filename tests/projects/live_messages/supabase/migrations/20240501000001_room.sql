insert into public.rooms (slug) values ('general');
insert into public.messages (room_id, body) select id, 'first' from public.rooms;
