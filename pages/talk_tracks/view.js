// Rendering: functions that put given values on the page; no state, no requests.

export const $ = (id) => document.getElementById(id);

const ACTIVE = new Set(["pending", "processing"]);
const TOAST_MILLISECONDS = 10_000;

export const isActive = (job) => job !== null && ACTIVE.has(job.status);

export const deckName = (deck) => deck.metadata?.title ?? deck.funnel_projects?.name ?? "Untitled deck";

export function show(id, isShown = true) {
  $(id).hidden = !isShown;
}

/** Sets an element's text and shows it; hides it without a text. An unchanged text is not set again, so that screen readers do not repeat it. */
export function setText(id, text) {
  if ($(id).textContent !== (text ?? "")) $(id).textContent = text ?? "";
  show(id, Boolean(text));
}

export function renderDecks(decks, selected, onSelect) {
  const focused = document.activeElement?.dataset?.deck;
  $("decks").replaceChildren(...decks.map((deck) => renderDeck(deck, deck === selected, onSelect)));
  if (focused) $("decks").querySelector(`[data-deck="${focused}"]`)?.focus();
  show("no-decks", decks.length === 0);
}

function renderDeck(deck, isSelected, onSelect) {
  const button = element("button", deckName(deck));
  button.type = "button";
  button.dataset.deck = deck.id;
  if (isSelected) button.setAttribute("aria-current", "true");
  button.addEventListener("click", () => onSelect(deck));
  if (deck.job?.status === "completed") button.append(renderCheck());
  else if (isActive(deck.job)) button.append(element("span", `${deck.job.progress} %`));
  const item = document.createElement("li");
  item.append(button);
  return item;
}

function renderCheck() {
  const check = element("span", "✓");
  check.className = "check";
  check.setAttribute("role", "img");
  check.setAttribute("aria-label", "Talk track ready");
  return check;
}

export function renderJob(deck) {
  const { job } = deck;
  setText("deck-title", deckName(deck));
  setText("deck-facts", `${deck.total_slides} slides`);
  setText("banner", isActive(job) ? "⚠️ Generating Talk Track – This may take 2–5 minutes..." : null);
  show("progress", isActive(job));
  $("progress-bar").value = job?.progress ?? 0;
  setText("progress-text", isActive(job) ? describeProgress(job) : null);
  show("ready", job?.status === "completed");
  setText("failure", job?.status === "failed" ? job.error_message ?? "The talk track could not be written." : null);
  setText("cancelled", job?.status === "cancelled" ? `Cancelled at ${job.progress} %. What is written is kept.` : null);
  show("generate", job === null || job.status === "completed");
  $("generate").textContent = job === null ? "Generate Talk Track" : "Generate again";
  show("retry", job?.status === "failed" || job?.status === "cancelled");
  show("cancel", isActive(job));
  show("deck");
}

export function renderScript(markdown) {
  show("script", markdown !== null);
  show("download", markdown !== null);
  $("script").replaceChildren(...(markdown ?? "").split(/\n\s*\n/).filter(Boolean).map(renderBlock));
}

/** Renders a block of Markdown: heading, rule or paragraph with bold text. Text is inserted as text, never as HTML. */
function renderBlock(block) {
  if (block.trim() === "---") return document.createElement("hr");
  const heading = /^(#{1,6})\s+(.*)$/s.exec(block);
  const target = document.createElement(heading ? (heading[1].length === 1 ? "h2" : "h3") : "p");
  (heading ? heading[2] : block).split(/\*\*(.+?)\*\*/s).forEach((part, index) => {
    target.append(index % 2 ? element("strong", part) : part);
  });
  return target;
}

function describeProgress(job) {
  const left = job.eta_seconds == null ? "starting" : `about ${describeSeconds(job.eta_seconds)} left`;
  return `${job.progress} % – ${left}`;
}

function describeSeconds(seconds) {
  const minutes = Math.floor(seconds / 60);
  return minutes ? `${minutes} min ${Math.round(seconds % 60)} s` : `${Math.round(seconds)} s`;
}

export function toast(text) {
  const message = element("div", text);
  message.className = "toast";
  $("toasts").append(message);
  setTimeout(() => message.remove(), TOAST_MILLISECONDS);
}

export function download(name, text) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/markdown" }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href));
}

function element(name, text) {
  const made = document.createElement(name);
  made.textContent = text;
  return made;
}
