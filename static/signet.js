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
  clearTimeout(Number(button.dataset.timer));
  button.dataset.timer = setTimeout(() => {
    button.textContent = button.dataset.word;
    button.classList.remove("is-done");
  }, 1600);
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("form[data-verify]")) return;
  event.preventDefault();
  verify(form);
});

// Sends the form, then swaps in what the server rendered.
async function verify(form) {
  const button = form.querySelector("button");
  const progress = form.querySelector(".progress");
  if (button.disabled) return;
  button.disabled = true;
  const stop = count(progress);
  try {
    const response = await fetch(form.action, { method: "POST", credentials: "same-origin" });
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    const fresh = page.getElementById("live");
    if (!response.ok || !fresh) throw new Error(page.querySelector("h1")?.textContent ?? "No answer");
    document.getElementById("live").replaceWith(document.importNode(fresh, true));
    document.title = page.title;
    document.querySelector("form[data-verify] .progress").textContent = "Checked just now.";
    document.querySelector("form[data-verify] button").focus();
  } catch (error) {
    button.disabled = false;
    progress.textContent = `The check did not come back (${error.message}). Try again.`;
  } finally {
    stop();
  }
}

function count(progress) {
  let seconds = 0;
  progress.textContent = "Asking DNS…";
  const timer = setInterval(() => {
    seconds += 1;
    progress.textContent = `Asking DNS… ${seconds} s of at most 10`;
  }, 1000);
  return () => clearInterval(timer);
}
