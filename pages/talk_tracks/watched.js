// Jobs whose end was not yet announced in this browser; kept over a reload.

const STORED = "edge.talk_tracks.watched";

export function watch(jobId) {
  store(new Set(stored()).add(jobId));
}

/** Whether the job was watched; it no longer is. */
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
