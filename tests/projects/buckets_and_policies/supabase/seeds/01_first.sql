BEGIN;
COPY public.albums (title) FROM stdin;
first
\.
COMMIT;
