// Session of the signed-in user: stored in this browser, refreshed before it expires.

const STORED = "edge.session";
const MARGIN_SECONDS = 30;
const { publishableKey } = await (await fetch("/console/settings.json")).json();

let renewing = null;

export const currentUser = () => stored()?.user ?? null;

export const signUp = (email, password) => open("signup", { email, password });

export const signIn = (email, password) => open("token?grant_type=password", { email, password });

export async function signOut() {
  const session = stored();
  forget();
  if (session) await post("logout?scope=local", {}, session.access_token).catch(() => {});
}

/** Returns the user's apikey and Authorization headers; throws SignedOutError without a session. */
export async function identify() {
  const session = stored();
  if (!session) throw new SignedOutError();
  const isOld = session.expires_at - Date.now() / 1000 < MARGIN_SECONDS;
  const { access_token } = isOld ? await renew() : session;
  return { apikey: publishableKey, Authorization: `Bearer ${access_token}` };
}

export function forget() {
  localStorage.removeItem(STORED);
}

export class SignedOutError extends Error {}

export class ApiError extends Error {
  constructor(status, body) {
    super(body?.message ?? body?.msg ?? `The server answered ${status}.`);
    this.status = status;
  }
}

/** Returns the response's JSON, null if it has none; throws ApiError unless it is 2xx. */
export async function read(response) {
  const body = await response.json().catch(() => null);
  if (!response.ok) throw new ApiError(response.status, body);
  return body;
}

function renew() {
  renewing ??= open("token?grant_type=refresh_token", { refresh_token: stored().refresh_token })
    .catch((error) => {
      if (!(error instanceof ApiError) || error.status >= 500) throw error;
      forget();
      throw new SignedOutError();
    })
    .finally(() => { renewing = null; });
  return renewing;
}

async function open(path, body) {
  const session = await read(await post(path, body));
  localStorage.setItem(STORED, JSON.stringify(session));
  return session;
}

function post(path, body, token = null) {
  const headers = { apikey: publishableKey, "Content-Type": "application/json", "X-Supabase-Api-Version": "2024-01-01" };
  if (token) headers.Authorization = `Bearer ${token}`;
  return fetch(`/auth/v1/${path}`, { method: "POST", headers, body: JSON.stringify(body) });
}

function stored() {
  try {
    return JSON.parse(localStorage.getItem(STORED));
  } catch {
    return null;
  }
}
