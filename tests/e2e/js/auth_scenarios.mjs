// How a frontend signs people in with supabase-js: one JSON document of results on standard output.
import { createClient } from "@supabase/supabase-js";

const { API_URL, SERVICE_KEY, PUBLIC_KEY, NAME } = process.env;
const options = { auth: { persistSession: false, autoRefreshToken: false } };
const make = (key) => createClient(API_URL, key, options);
const service = make(SERVICE_KEY);
const ann = make(PUBLIC_KEY);
const email = `${NAME}@example.com`;
const password = "correct horse";
const refusal = ({ error }) => error && { name: error.name, status: error.status, code: error.code, message: error.message, reasons: error.reasons };

const results = {};
results.weak = refusal(await ann.auth.signUp({ email, password: "short" }));
const signedUp = await ann.auth.signUp({ email, password, options: { data: { name: "Ann" } } });
results.signedUp = { id: signedUp.data.user?.id, name: signedUp.data.user?.user_metadata.name, hasSession: Boolean(signedUp.data.session) };
results.twice = refusal(await make(PUBLIC_KEY).auth.signUp({ email, password }));
results.wrong = refusal(await make(PUBLIC_KEY).auth.signInWithPassword({ email, password: "wrong horse" }));

const signedIn = await ann.auth.signInWithPassword({ email, password });
results.signedIn = signedIn.data.user?.id;
results.user = (await ann.auth.getUser()).data.user?.email;
results.claims = (await ann.auth.getClaims()).data?.claims.sub;
results.project = (await ann.from("funnel_projects").insert({ name: "Mine" }).select("user_id").single()).data?.user_id;
results.invoked = (await ann.functions.invoke("talk-track-jobs", { method: "GET" })).data;

const before = signedIn.data.session.refresh_token;
const refreshed = await ann.auth.refreshSession();
results.rotated = refreshed.data.session?.refresh_token !== before;
results.updated = (await ann.auth.updateUser({ data: { team: "red" } })).data.user?.user_metadata.team;

const listed = await service.auth.admin.listUsers({ page: 1, perPage: 1 });
results.listed = { count: listed.data.users.length, total: listed.data.total > 0 };
const bob = await service.auth.admin.createUser({ email: `bob-${email}`, password, email_confirm: true });
results.created = bob.data.user?.email;
results.found = (await service.auth.admin.getUserById(bob.data.user.id)).data.user?.email;
results.changed = (await service.auth.admin.updateUserById(bob.data.user.id, { app_metadata: { team: "blue" } })).data.user?.app_metadata.team;
results.deleted = (await service.auth.admin.deleteUser(bob.data.user.id)).error;
results.missing = refusal(await service.auth.admin.getUserById(bob.data.user.id));
results.notAdmin = refusal(await ann.auth.admin.listUsers());

results.signedOut = (await ann.auth.signOut()).error;
results.stale = refusal(await make(PUBLIC_KEY).auth.refreshSession({ refresh_token: refreshed.data.session.refresh_token }));
results.anonymous = refusal(await make(PUBLIC_KEY).auth.signInAnonymously());

console.log(JSON.stringify(results));
