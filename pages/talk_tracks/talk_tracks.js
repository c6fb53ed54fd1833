// Page for talk tracks: sign in, choose a deck, generate its script, return to it later.

import * as api from "./api.js";
import { SignedOutError, currentUser, signIn, signOut, signUp } from "./session.js";
import { $, deckName, download, isActive, renderDecks, renderJob, renderScript, setText, show, toast } from "./view.js";
import { unwatch, watch } from "./watched.js";

const POLL_MILLISECONDS = 1000;
const SELECTED = "edge.talk_tracks.deck";

let decks = [];
let selected = null;
let script = { talkTrackId: null, markdown: null };
let polling = null;

/** Runs an action with its button disabled, and shows its failure. */
async function attempt(button, work) {
  button.disabled = true;
  try {
    await work();
    setText("trouble", null);
  } catch (error) {
    fail(error);
  } finally {
    button.disabled = false;
  }
}

function fail(error) {
  if (error instanceof SignedOutError) {
    showSignIn();
    setText("sign-in-error", "Your session has ended. Please sign in again.");
  } else {
    const isOffline = error instanceof TypeError;
    setText("trouble", isOffline ? "The stack cannot be reached. Trying again…" : error.message);
  }
}

function showSignIn() {
  clearTimeout(polling);
  decks = [];
  selected = null;
  setText("sign-in-error", null);
  setText("trouble", null);
  show("account", false);
  show("workspace", false);
  show("deck", false);
  show("sign-in");
  $("email").focus();
}

async function showWorkspace() {
  show("sign-in", false);
  setText("who", currentUser().email);
  show("account");
  show("workspace");
  await refresh();
}

/** Loads decks and jobs from the server and renders them. */
async function refresh() {
  decks = await api.fetchDecks();
  const wanted = selected?.id ?? localStorage.getItem(SELECTED);
  selected = decks.find(({ id }) => id === wanted) ?? decks[0] ?? null;
  decks.forEach(notice);
  await render();
  schedule();
}

async function select(deck) {
  selected = deck;
  localStorage.setItem(SELECTED, deck.id);
  await render();
  $("deck-title").focus();
}

async function render() {
  renderDecks(decks, selected, (deck) => select(deck).catch(fail));
  if (!selected) return show("deck", false);
  renderJob(selected);
  const talkTrackId = selected.job?.talk_track_id ?? null;
  if (script.talkTrackId !== talkTrackId) {
    const markdown = talkTrackId && await api.fetchScript(talkTrackId);
    script = { talkTrackId, markdown };
  }
  renderScript(script.markdown);
}

/** Watches an active job; announces one that has ended. */
function notice(deck) {
  if (isActive(deck.job)) watch(deck.job.id);
  else if (deck.job && unwatch(deck.job.id)) announce(deck);
}

function announce(deck) {
  if (deck.job.status === "completed") toast(`The talk track of “${deckName(deck)}” is ready.`);
  if (deck.job.status === "failed") toast(`The talk track of “${deckName(deck)}” could not be written.`);
}

function schedule() {
  clearTimeout(polling);
  if (decks.some(({ job }) => isActive(job))) polling = setTimeout(poll, POLL_MILLISECONDS);
}

async function poll() {
  try {
    await Promise.all(decks.filter(({ job }) => isActive(job)).map(update));
    await render();
    setText("trouble", null);
  } catch (error) {
    fail(error);
  }
  schedule();
}

async function update(deck) {
  deck.job = await api.fetchJob(deck.job.id);
  notice(deck);
}

$("sign-in-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const enter = event.submitter?.value === "up" ? signUp : signIn;
  setText("sign-in-error", null);
  try {
    await enter($("email").value, $("password").value);
    $("password").value = "";
    await showWorkspace();
  } catch (error) {
    setText("sign-in-error", error.message);
  }
});

$("sign-out").addEventListener("click", async () => {
  await signOut();
  showSignIn();
});

async function showDeck(id) {
  await refresh();
  await select(decks.find((deck) => deck.id === id));
}

$("load-sample").addEventListener("click", ({ currentTarget }) => attempt(currentTarget, async () => {
  await showDeck(await api.loadSample());
}));

$("deck-file").addEventListener("change", ({ currentTarget }) => attempt(currentTarget, async () => {
  const [file] = currentTarget.files;
  if (!file) return;
  try {
    await showDeck(await api.addDeck(file));
  } finally {
    currentTarget.value = "";
  }
}));

$("generate").addEventListener("click", ({ currentTarget }) => attempt(currentTarget, async () => {
  const deck = selected;
  watch(await api.createJob(deck));
  await refresh();
}));

$("cancel").addEventListener("click", ({ currentTarget }) => attempt(currentTarget, async () => {
  await api.cancelJob(selected.job.id);
  await refresh();
}));

$("retry").addEventListener("click", ({ currentTarget }) => attempt(currentTarget, async () => {
  await api.retryJob(selected.job.id);
  await refresh();
}));

$("download").addEventListener("click", () => {
  const name = deckName(selected).toLowerCase().replaceAll(/[^\p{L}\p{N}]+/gu, "-");
  download(`talk-track-${name}.md`, script.markdown);
});

if (currentUser()) showWorkspace().catch(fail);
else showSignIn();
