create extension if not exists pg_tle;
drop extension if exists "ann-greetings";
select pgtle.uninstall_extension_if_exists('ann-greetings');
select pgtle.install_extension('ann-greetings', '0.0.1', 'Greetings',
  $_pgtle_$ create function greet(name text) returns text language sql immutable as $$ select 'Hello ' || name $$; $_pgtle_$);
create extension "ann-greetings" with schema extensions version '0.0.1';
create table public.greetings (text text generated always as (extensions.greet('Ann')) stored, id int);
insert into public.greetings (id) values (1);
