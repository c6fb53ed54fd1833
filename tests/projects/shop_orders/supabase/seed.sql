COPY public.products (name, price, tags) FROM stdin;
Lamp	19.50	{light,home}
Chair	80	{home}
\.
refresh materialized view public.product_counts;
