// Keyboard shortcuts. The rows of the help dialog (`<tr data-key="x" data-action="select">`) are the table of
// bindings: a key does something only when a page answers its row's action with `onKey`.
const dialog = document.getElementById("keys");
const rows = [...dialog.querySelectorAll("[data-key]")];
const singleLetters = dialog.querySelector("[data-single-letters]");
const handlers = new Map();

export function onKey(action, handler) {
  handlers.set(action, handler);
}

export function showKeys() {
  for (const row of rows) row.hidden = !handlers.has(row.dataset.action);
  dialog.showModal();
}

const isTyping = (target) =>
  target.isContentEditable || target.matches("textarea, select, input:not([type=checkbox], [type=radio], [type=range], [type=submit])");

const usesArrows = (target) => target.matches("input[type=range], input[type=radio]");

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  if (isTyping(event.target) || document.querySelector("dialog[open]")) return;
  if (event.key.startsWith("Arrow") && usesArrows(event.target)) return;
  // People who dictate, or whose hands shake, must be able to switch single letters off (WCAG 2.1.4).
  if (event.key.length === 1 && !singleLetters.checked) return;
  const row = rows.find((each) => each.dataset.key.split(" ").includes(event.key));
  const handler = row && handlers.get(row.dataset.action);
  if (handler && handler(event) !== false) event.preventDefault();
});

singleLetters.checked = localStorage.getItem("single-letter-keys") !== "off";
singleLetters.addEventListener("change", () => {
  localStorage.setItem("single-letter-keys", singleLetters.checked ? "on" : "off");
});
