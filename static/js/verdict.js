// The verdict buttons of a pair: their keys, and refusals shown in their place instead of passing unseen.
import { announce } from "./announce.js";
import { onKey } from "./keys.js";

const section = () => document.getElementById("verdict");

function press(selector) {
  const button = section()?.querySelector(selector);
  button?.click();
  return Boolean(button);
}

onKey("verdict", (event) => press(`[data-verdict="${event.key}"]`));
onKey("verdict-undo", () => press("[data-undo]"));
onKey("verdict-note", () => {
  const note = section()?.querySelector("textarea[name=note]");
  note?.focus();
  return Boolean(note);
});

// A note being written is sent by Ctrl+Enter with the verdict that counts now, and left by Escape.
document.addEventListener("keydown", (event) => {
  if (!event.target.matches?.("#verdict textarea")) return;
  if (event.key === "Escape") section().focus();
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) press("[data-verdict][aria-pressed=true]");
});

// htmx leaves the page as it is when the server refuses; a refusal that is a verdict section says why and keeps the note.
document.body.addEventListener("htmx:beforeSwap", ({ detail }) => {
  if (detail.target?.id !== "verdict" || detail.xhr.status < 400) return;
  if (detail.xhr.responseText.includes('id="verdict"') && !detail.xhr.responseText.includes("<html")) {
    detail.shouldSwap = true;
    detail.isError = false;
  }
});

document.body.addEventListener("htmx:afterSettle", () => {
  const said = section()?.dataset.said;
  if (!said) return;
  delete section().dataset.said;
  announce(said);
  if (document.activeElement === document.body) section().focus({ preventScroll: true });
});
