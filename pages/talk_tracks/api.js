// Requests of the page to the stack, as the signed-in user.

import { ApiError, SignedOutError, forget, identify, read } from "./session.js";

const DECKS = "deck_structures?" + new URLSearchParams({
  select: "id,total_slides,metadata,funnel_project_id,funnel_projects(name),"
    + "talk_track_jobs(id,status,progress,talk_track_id,error_message)",
  order: "created_at.desc",
  "talk_track_jobs.order": "created_at.desc",
  "talk_track_jobs.limit": "1",
});

/** Returns the user's decks, newest first, each with its latest job or null. */
export async function fetchDecks() {
  const rows = await request("GET", `/rest/v1/${DECKS}`);
  return rows.map(({ talk_track_jobs: jobs, ...deck }) => ({ ...deck, job: jobs[0] ?? null }));
}

/** Inserts the sample deck into a new project; returns its id. */
export async function loadSample() {
  const response = await fetch("/console/samples/deck_55_slides.json");
  if (!response.ok) throw new Error("This project has no sample deck.");
  const deck = await response.json();
  const project = await insert("funnel_projects", { name: deck.metadata?.title ?? "Sample project" });
  return (await insert("deck_structures", { ...deck, funnel_project_id: project.id })).id;
}

const MEDIA = {
  pptx: "application/vnd.openxmlformats-officedocument.presentationml.presentation",
  json: "application/json",
};

/** Adds the deck of a file (.pptx, Markdown or JSON) to a new project; returns its id. */
export async function addDeck(file) {
  const type = MEDIA[file.name.split(".").pop().toLowerCase()] ?? "text/markdown";
  const title = new URLSearchParams({ fallback: file.name.replace(/\.[^.]*$/, "") });
  return (await request("POST", `/functions/v1/talk-track-jobs/decks?${title}`, file, { "Content-Type": type }))
    .deckStructureId;
}

export async function createJob(deck) {
  const body = { projectId: deck.funnel_project_id, deckStructureId: deck.id };
  return (await request("POST", "/functions/v1/talk-track-jobs", body)).jobId;
}

export const fetchJob = async (id) => (await request("GET", `/functions/v1/talk-track-jobs/${id}`)).job;

export const cancelJob = (id) => request("POST", `/functions/v1/talk-track-jobs/${id}/cancel`, {});

export const retryJob = (id) => request("POST", `/functions/v1/talk-track-jobs/${id}/retry`, {});

/** Returns the script as Markdown, or null. */
export async function fetchScript(talkTrackId) {
  const rows = await request("GET", `/rest/v1/talk_tracks?id=eq.${talkTrackId}&select=content`);
  return rows[0]?.content ?? null;
}

async function insert(table, row) {
  const rows = await request("POST", `/rest/v1/${table}?select=id`, row, { Prefer: "return=representation" });
  return rows[0];
}

async function request(method, path, body, more = {}) {
  const headers = { ...(await identify()), ...more };
  const isFile = body instanceof Blob;
  if (body && !isFile) headers["Content-Type"] = "application/json";
  try {
    return await read(await fetch(path, { method, headers, body: body && !isFile ? JSON.stringify(body) : body }));
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 401) throw error;
    forget();
    throw new SignedOutError();
  }
}
