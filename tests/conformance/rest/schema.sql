-- The film database of PostgREST's documentation, small.
create table public.directors (id int primary key, first_name text, last_name text);
create table public.films (
  id int primary key,
  director_id int references public.directors,
  title text not null,
  year int,
  rating numeric(3, 1),
  language text default 'en',
  facts jsonb
);
create table public.technical_specs (
  film_id int primary key references public.films, camera text, runtime int
);
create table public.actors (id int primary key, first_name text, last_name text);
create table public.roles (
  film_id int references public.films,
  actor_id int references public.actors,
  character text,
  primary key (film_id, actor_id)
);
create table public.addresses (id int primary key, name text);
create table public.orders (
  id int primary key,
  billing_id int references public.addresses,
  shipping_id int references public.addresses
);

create view public.film_titles as select id as film, title, director_id as by from films;
create view public.early_films as select film, title, by from film_titles where film < 3;
create view public.makers as select d.id, upper(d.last_name) as name, (select count(*) from films f
  where f.director_id = d.id) as films_made from directors d;
create materialized view public.cameras as select film_id, camera from technical_specs;

insert into directors values (1, 'Agnes', 'Varda'), (2, 'Akira', 'Kurosawa'), (3, 'New', 'Comer');
insert into films values
  (1, 1, 'Cleo', 1962, 7.9, 'fr', '{"awards": [{"name": "A"}], "colour": false}'),
  (2, 1, 'Vagabond', 1985, 7.7, 'fr', '{"colour": true}'),
  (3, 2, 'Ran', 1985, 8.2, 'ja', null),
  (4, null, 'Untitled', null, null, 'en', null);
insert into technical_specs values (1, 'Arri', 90), (3, 'Panavision', 162);
insert into actors values (1, 'Sandrine', 'Bonnaire'), (2, 'Tatsuya', 'Nakadai');
insert into roles values (2, 1, 'Mona'), (3, 2, 'Hidetora');
insert into addresses values (1, 'Home'), (2, 'Work');
insert into orders values (1, 1, 2);

create function public.films_of(year int) returns setof public.films language sql stable
  as 'select * from films where films.year = films_of.year';
create function public.add_them(a int, b int) returns int language sql immutable
  as 'select a + b';
create function public.mult_them(json) returns int language sql immutable
  as $$ select ($1->>'x')::int * ($1->>'y')::int $$;
create function public.plus_one(variadic v int[]) returns int[] language sql immutable
  as 'select array_agg(n + 1) from unnest(v) as n';

create function public.maker(films) returns setof public.directors rows 1 language sql stable
  as 'select * from directors where id = $1.director_id';
create function public.best_films(directors) returns setof public.films language sql stable
  as 'select * from films where director_id = $1.id and rating > 7.8';
-- It replaces the relationships of the two foreign keys of orders.
create function public.orders(addresses) returns setof public.orders language sql stable
  as 'select * from orders where billing_id = $1.id';
create function public.sequel(films) returns public.films language sql stable
  as 'select * from films where id = $1.id + 1';

-- A domain that casts represent: colours are numbers in the table and text in JSON and URLs.
create domain public.colour as int;
create function public.colour_of(text) returns public.colour language sql immutable
  as $$ select ('x' || lpad(ltrim($1, '#'), 8, '0'))::bit(32)::int::public.colour $$;
create function public.colour_of(json) returns public.colour language sql immutable
  as $$ select public.colour_of($1 #>> '{}') $$;
create function public.colour_json(public.colour) returns json language sql immutable
  as $$ select to_json('#' || lpad(to_hex($1), 6, '0')) $$;
create cast (public.colour as json) with function public.colour_json(public.colour) as implicit;
create cast (json as public.colour) with function public.colour_of(json) as implicit;
create cast (text as public.colour) with function public.colour_of(text) as implicit;
create table public.posters (
  id int primary key, film_id int references public.films, ink public.colour default 255
);
create view public.poster_inks as select id, ink as shade from posters;
insert into posters values (1, 1, 255), (2, 3, 65280), (3, 3, null);

-- Domains named like media types: functions return them, and aggregates render rows as them.
create domain public."text/html" as text;
create domain public."image/png" as bytea;
create domain public."text/tab-separated-values" as text;
create domain public."*/*" as bytea;
create function public.welcome() returns public."text/html" language sql immutable
  as $$ select '<h1>Welcome</h1>'::public."text/html" $$;
create function public.logo() returns public."image/png" language sql immutable
  as $$ select decode('89504e47', 'hex')::public."image/png" $$;
create function public.anything() returns public."*/*" language plpgsql as $$ begin
  if current_setting('request.headers', true)::json ->> 'accept' = 'app/one' then
    perform set_config('response.headers', '[{"Content-Type": "app/one"}]', true);
  end if;
  return 'any'::bytea;
end $$;
create function public.tsv_step(public."text/tab-separated-values", anyelement) returns public."text/tab-separated-values"
  language sql immutable as $$
    select $1 || (select string_agg(value, e'\t') from json_each_text(row_to_json($2))) || e'\n' $$;
create aggregate public.tsv_of(anyelement) (
  initcond = '', stype = "text/tab-separated-values", sfunc = public.tsv_step
);
create function public.html_step(public."text/html", public.addresses) returns public."text/html"
  language sql immutable as $$ select $1 || '<p>' || $2.name || '</p>' $$;
create aggregate public.html_of(public.addresses) (
  initcond = '', stype = "text/html", sfunc = public.html_step
);

create function public.lengths(c char, b bit, cs char[]) returns text language sql immutable
  as $$ select concat_ws(' ', c, b, cs) $$;
create function public.pick(n text) returns text language sql immutable as 'select n::text';
create function public.pick(n bigint, m int default 0) returns text language sql immutable
  as 'select n::text';
create function public.pick(n int) returns text language sql immutable as 'select n::text';
create function public.label(public.films) returns text language sql immutable
  as $$ select 'film ' || $1.title $$;
create function public.label(public.directors) returns text language sql immutable
  as $$ select 'director ' || $1.last_name $$;
create function public.nothing() returns void language sql as '';
create function public.app_host() returns text language sql stable
  as $$ select current_setting('app.settings.host') $$;
create table public.keyless (a int);
create table public.polls (id int primary key, answers int[]);
insert into polls values (1, '{1,2}');

-- Names that aliases could be confused with.
create table public.shots (id int primary key, shots int);
create table public.shots_1 (id int primary key, shot_id int references public.shots);
insert into shots values (1, 10), (2, 20);
insert into shots_1 values (5, 2), (6, 1);
create function public.uses(public.shots) returns setof public.shots_1 language sql stable
  as 'select * from shots_1 where shot_id = $1.id';

refresh materialized view public.cameras;
grant usage on schema public to anon;
grant all on all tables in schema public to anon;
