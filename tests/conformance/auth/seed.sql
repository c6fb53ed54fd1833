-- Two users, of whom the first has a session; applied before each case.
delete from auth.users;
insert into auth.users (
  instance_id, id, aud, role, email, encrypted_password, email_confirmed_at,
  raw_app_meta_data, raw_user_meta_data, created_at, updated_at)
values
  ('00000000-0000-0000-0000-000000000000', '11111111-1111-4111-8111-111111111111',
   'authenticated', 'authenticated', 'ann@example.com',
   '$2b$04$Z7xN4m1RaZp9So8gFirvl.cX2kdDUa.usdcpSNFdUmWxZrJvNNosu', '2026-01-01 00:00:01+00',
   '{"provider": "email", "providers": ["email"]}', '{"name": "Ann"}',
   '2026-01-01 00:00:02+00', '2026-01-01 00:00:03+00'),
  ('00000000-0000-0000-0000-000000000000', '22222222-2222-4222-8222-222222222222',
   'authenticated', 'authenticated', 'bob@example.com',
   '$2b$04$Z7xN4m1RaZp9So8gFirvl.cX2kdDUa.usdcpSNFdUmWxZrJvNNosu', null,
   '{"provider": "email", "providers": ["email"]}', '{}',
   '2026-01-02 00:00:02+00', '2026-01-02 00:00:03+00');
insert into auth.identities (
  id, provider_id, user_id, identity_data, provider, last_sign_in_at, created_at, updated_at)
values
  ('33333333-3333-4333-8333-333333333333', '11111111-1111-4111-8111-111111111111',
   '11111111-1111-4111-8111-111111111111',
   '{"sub": "11111111-1111-4111-8111-111111111111", "email": "ann@example.com"}', 'email',
   '2026-01-01 00:00:04+00', '2026-01-01 00:00:05+00', '2026-01-01 00:00:06+00');
insert into auth.sessions (id, user_id, created_at, updated_at, aal)
values ('44444444-4444-4444-8444-444444444444', '11111111-1111-4111-8111-111111111111',
  now(), now(), 'aal1');
insert into auth.refresh_tokens (
  instance_id, token, user_id, session_id, revoked, created_at, updated_at)
values
  ('00000000-0000-0000-0000-000000000000', 'usedusedused', '11111111-1111-4111-8111-111111111111',
   '44444444-4444-4444-8444-444444444444', true, '2026-01-01', '2026-01-01'),
  ('00000000-0000-0000-0000-000000000000', 'activeactive', '11111111-1111-4111-8111-111111111111',
   '44444444-4444-4444-8444-444444444444', false, now(), now());
