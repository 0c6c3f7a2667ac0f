// Conveniences only: every page works without this file.
"use strict";

document.documentElement.classList.add("js");

document.addEventListener("click", async (event) => {
  const button = event.target.closest("button[data-copy]");
  if (!button) return;
  const source = document.getElementById(button.dataset.copy);
  if (!source) return;
  const isCopied = await copy(source);
  say(button, isCopied ? "Copied" : "Press Ctrl+C");
});

// Browsers offer the clipboard on https and localhost alone; elsewhere the text is selected.
async function copy(source) {
  try {
    await navigator.clipboard.writeText(source.textContent);
    return true;
  } catch {
    getSelection().selectAllChildren(source);
    return document.execCommand("copy");
  }
}

function say(button, word) {
  button.dataset.word ??= button.textContent;
  button.textContent = word;
  button.classList.add("is-done");
  announce(`${(button.ariaLabel ?? "Copy").replace(/^Copy ?/, "")} ${word.toLowerCase()}`.trim());
  clearTimeout(Number(button.dataset.timer));
  button.dataset.timer = setTimeout(() => {
    button.textContent = button.dataset.word;
    button.classList.remove("is-done");
  }, 1600);
}

// For those who do not see what changed.
function announce(text) {
  document.getElementById("said").textContent = text;
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("form[data-verify]")) return;
  event.preventDefault();
  verify(form);
});

// Verify in place: each record's row changes as its answer comes in, then the page as the server renders it.
async function verify(form) {
  const button = form.querySelector("button");
  const progress = form.querySelector(".progress");
  if (button.disabled) return;
  button.disabled = true;
  const rows = document.querySelectorAll("tbody.record");
  rows.forEach((row) => row.classList.add("is-asked"));
  progress.textContent = "Asking DNS…";
  try {
    await follow(form.action, (seen) => {
      const row = document.querySelector(`tbody.record[data-key="${CSS.escape(seen.key)}"]`);
      if (!row) return;
      row.classList.remove("is-asked");
      row.querySelector(".status-cell").innerHTML = seen.pill;
      const left = document.querySelectorAll("tbody.is-asked").length;
      progress.textContent = `${row.dataset.title}: ${seen.word}. ${rows.length - left} of ${rows.length} records answered.`;
    });
    if (!(await refresh())) throw new Error("nothing was saved");
    document.querySelector("form[data-verify] button").focus();
    announce(`Checked just now. ${document.querySelector(".glance").textContent}`);
  } catch (error) {
    rows.forEach((row) => row.classList.remove("is-asked"));
    button.disabled = false;
    progress.textContent = `The check did not come back (${error.message}). Try again.`;
  }
}

// Sends a form and reads the server-sent events that answer it.
async function follow(url, tell) {
  const response = await fetch(url, { method: "POST", headers: { accept: "text/event-stream" } });
  if (!response.ok) throw new Error(`answer ${response.status}`);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    text += value;
    const events = text.split("\n\n");
    text = events.pop();
    for (const event of events) {
      const data = event.match(/^data: ?(.*)$/m)?.[1];
      if (data && event.includes("event: record")) tell(JSON.parse(data));
    }
  }
}

// Swaps in the page as it is now; false where DNS was not asked since.
async function refresh() {
  const response = await fetch(location.href);
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  const [old, fresh] = [document.getElementById("live"), page.getElementById("live")];
  if (!fresh) throw new Error(page.querySelector("h1")?.textContent ?? "no answer");
  if (fresh.dataset.looked === old.dataset.looked) return false;
  old.replaceWith(document.importNode(fresh, true));
  document.title = page.title;
  document.querySelector("link[rel=icon]").href = fresh.dataset.icon;
  wait();
  return true;
}

// Follows what the server does by itself, so that nobody has to sit there and click.
function wait() {
  const live = document.getElementById("live");
  const seconds = Number(live?.dataset.againIn ?? NaN);
  if (!(seconds <= 86400)) return;
  const again = async () => {
    const isBusy = document.querySelector("form[data-verify] button:disabled, #live :focus");
    const isFresh = !isBusy && (await refresh().catch(() => false));
    if (!isFresh) setTimeout(again, Math.min(Math.max(seconds, 2), 20) * 1000);
    else if (!("quiet" in document.getElementById("live").dataset)) announce(document.querySelector(".glance").textContent);
  };
  setTimeout(again, seconds * 1000);
}

wait();

// The list: search as you type, and keys.
let typed;
document.addEventListener("input", (event) => {
  const form = event.target.closest("form[data-search]");
  if (!form) return;
  clearTimeout(typed);
  typed = setTimeout(() => results(`${form.action}?${new URLSearchParams(new FormData(form))}`), 200);
});

async function results(url) {
  const response = await fetch(url);
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  const [old, fresh] = [document.getElementById("results"), page.getElementById("results")];
  if (!response.ok || !old || !fresh) return;
  old.replaceWith(document.importNode(fresh, true));
  history.replaceState(null, "", url);
  const count = document.querySelectorAll("tr[data-domain]").length;
  announce(count === 1 ? "1 domain shown" : `${count} domains shown`);
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const isTyping = event.target.matches("input:not([type=checkbox]), textarea, select");
  const search = document.getElementById("q");
  if (event.key === "/" && search && !isTyping) {
    event.preventDefault();
    search.focus();
    return;
  }
  const row = event.target.closest("[data-list] tr[data-domain]");
  if (!row || isTyping) return;
  const next = { j: row.nextElementSibling, k: row.previousElementSibling }[event.key];
  if (next) next.querySelector("a.domain-name").focus();
  if (event.key === "x") row.querySelector("input[type=checkbox]").click();
  if (event.key === "v") look(row.dataset.domain);
});

// Verifies one domain of the list where it stands.
async function look(domain) {
  announce(`Asking DNS about ${domain}`);
  await fetch(`/domains/${encodeURIComponent(domain)}/verify`, { method: "POST" });
  await results(location.href);
  const row = document.querySelector(`tr[data-domain="${CSS.escape(domain)}"]`);
  row?.querySelector("a.domain-name").focus();
  announce(`${domain}: ${row?.querySelector(".pill").textContent ?? "not in this list any more"}`);
}

// A file chosen or dropped goes into the field.
for (const kind of ["change", "drop", "dragover"]) {
  document.addEventListener(kind, async (event) => {
    const target = event.target;
    const into = target.dataset?.into ? document.getElementById(target.dataset.into) : target.closest?.("[data-drop]");
    const file = (kind === "drop" ? event.dataTransfer : target).files?.[0];
    if (!into || (kind === "change" && !target.dataset.into)) return;
    if (kind !== "change") event.preventDefault();
    if (!file || kind === "dragover") return;
    into.value = await file.text();
    announce(`${file.name} was read`);
  });
}

// The API's page: sends a call with the token typed there, and shows the answer as text.
document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (form.matches("[data-token]")) event.preventDefault();
  if (!form.matches("[data-try]")) return;
  event.preventDefault();
  const { method, type } = form.dataset;
  const query = new URLSearchParams();
  let path = form.dataset.path;
  for (const field of form.querySelectorAll("[data-in]")) {
    if (field.dataset.in === "path") path = path.replace(`{${field.name}}`, encodeURIComponent(field.value));
    else if (field.value) query.set(field.name, field.value);
  }
  const headers = { authorization: `Bearer ${document.getElementById("token").value}` };
  const body = form.querySelector("[data-body]")?.value;
  if (body) headers["content-type"] = type;
  const answer = form.querySelector(".answer");
  answer.textContent = "…";
  try {
    const response = await fetch(query.size ? `${path}?${query}` : path, { method, headers, body, credentials: "omit" });
    const text = await response.text();
    const isJson = response.headers.get("content-type")?.includes("json");
    answer.textContent = `${response.status} ${response.statusText}\n${isJson ? JSON.stringify(JSON.parse(text), null, 2) : text}`;
  } catch (error) {
    answer.textContent = error.message;
  }
});
