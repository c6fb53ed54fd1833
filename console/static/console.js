// Keyboard and times of every page. Text is never parsed as HTML here.
(() => {
  const KEY = "console.times";
  const MODES = ["relative", "local", "UTC"];
  const mode = () => localStorage.getItem(KEY) ?? "relative";
  const two = (n) => String(n).padStart(2, "0");

  function local(at, ms = false) {
    const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
    const fraction = ms ? `.${String(at.getMilliseconds()).padStart(3, "0")}` : "";
    return `${day} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}${fraction}`;
  }

  function relative(at) {
    const seconds = Math.round((Date.now() - at) / 1000);
    const ahead = seconds < 0;
    const n = Math.abs(seconds);
    const text = n < 1 ? "now" : n < 60 ? `${n} s` : n < 3600 ? `${Math.round(n / 60)} min` : n < 86400 ? `${Math.round(n / 3600)} h` : `${Math.round(n / 86400)} d`;
    return text === "now" ? text : ahead ? `in ${text}` : `${text} ago`;
  }

  function format(element) {
    const at = new Date(element.dataset.at);
    if (isNaN(at)) return;
    const utc = `${at.toISOString().replace("T", " ").replace("Z", "")} UTC`;
    const kind = element.dataset.mode ?? mode();
    const text = kind === "UTC" ? utc.slice(0, 19) : kind === "local" ? local(at) : relative(at);
    if (element.textContent !== text) element.textContent = text;
    element.dateTime = at.toISOString();
    element.title = `${local(at, true)} local\n${utc}`;
  }

  const formatAll = (root) => root.querySelectorAll?.("time[data-at]").forEach(format);

  // An editor's field is inside of the element that the page has named.
  const nameFields = (root) => root.querySelectorAll?.(".cm-content:not([aria-label])").forEach((field) => {
    const name = field.closest("[aria-label]")?.getAttribute("aria-label");
    if (name) field.setAttribute("aria-label", name);
  });

  new MutationObserver((changes) => {
    for (const change of changes) {
      if (change.type === "attributes") format(change.target);
      for (const node of change.addedNodes) {
        if (node.matches?.("time[data-at]")) format(node);
        formatAll(node);
        nameFields(node);
      }
    }
  }).observe(document, { subtree: true, childList: true, attributeFilter: ["data-at"] });
  setInterval(() => mode() === "relative" && !document.hidden && formatAll(document), 1000);

  document.addEventListener("click", (event) => {
    if (!event.target.closest?.("[data-times]")) return;
    localStorage.setItem(KEY, MODES[(MODES.indexOf(mode()) + 1) % MODES.length]);
    formatAll(document);
  });

  const typing = (element) => element?.closest?.("input, textarea, select, [contenteditable=true], .cm-editor");

  function move(step) {
    const links = [...document.querySelectorAll("[data-row]")].filter((link) => link.offsetParent);
    const at = links.indexOf(document.activeElement);
    links[at < 0 ? (step > 0 ? 0 : links.length - 1) : Math.min(links.length - 1, Math.max(0, at + step))]?.focus();
  }

  let before = "";
  document.addEventListener("keydown", (event) => {
    if ((event.metaKey || event.ctrlKey) && event.key.toLowerCase() === "k") {
      event.preventDefault();
      (document.querySelector("[data-command-k]") ?? document.querySelector("[data-palette]"))?.click();
      return;
    }
    if (event.metaKey || event.ctrlKey || event.altKey || typing(event.target)) return;
    const go = { h: "", f: "functions", r: "requests", e: "errors", l: "logs" };
    if (before === "g" && event.key in go) location.href = `/console/${go[event.key]}`;
    else if (event.key === "/") {
      const field = document.querySelector("input[data-search], [data-search] input");
      if (field) { event.preventDefault(); field.focus(); }
    } else if (event.key === "j") move(1);
    else if (event.key === "k") move(-1);
    before = event.key;
  });

  // A list that was left is shown again where it was.
  const place = () => `console.scroll:${location.pathname}${location.search}`;
  addEventListener("pagehide", () => sessionStorage.setItem(place(), String(scrollY)));
  const wanted = performance.getEntriesByType("navigation")[0]?.type === "back_forward" ? Number(sessionStorage.getItem(place())) : 0;
  if (wanted > 0) {
    const until = Date.now() + 5000;
    const restore = () => {
      if (document.documentElement.scrollHeight - innerHeight >= wanted) scrollTo(0, wanted);
      else if (Date.now() < until) requestAnimationFrame(restore);
    };
    restore();
  }
})();
