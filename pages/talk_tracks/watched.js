// Jobs whose end has not been announced in this browser yet; kept across reloads.

const STORED = "edge.talk_tracks.watched";

export function watch(jobId) {
  store(new Set(stored()).add(jobId));
}

/** Stops watching the job; returns whether it was watched. */
export function unwatch(jobId) {
  const jobs = new Set(stored());
  const wasWatched = jobs.delete(jobId);
  if (wasWatched) store(jobs);
  return wasWatched;
}

function stored() {
  try {
    return JSON.parse(localStorage.getItem(STORED)) ?? [];
  } catch {
    return [];
  }
}

function store(jobs) {
  localStorage.setItem(STORED, JSON.stringify([...jobs]));
}
