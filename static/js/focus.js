// Keeps the focus when a part of the page is replaced: on the same control, else on the first of what is new there.
const FOCUSABLE = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex]";
const held = new WeakMap(); // request -> what had the focus in the part that it replaces; others may end in between

// What is the same of a control and of its successor.
const likeness = (element) =>
  ["name", "value", "href", "data-key"].map((name) => element.getAttribute(name)).join("\n") +
  (element.form?.getAttribute("action") ?? "") +
  element.textContent.trim();

document.body.addEventListener("htmx:beforeSwap", ({ detail }) => {
  const active = document.activeElement;
  if (detail.xhr && active !== document.body && detail.target?.contains(active)) held.set(detail.xhr, active);
});

document.body.addEventListener("htmx:afterSettle", ({ target, detail }) => {
  const former = held.get(detail.xhr);
  if (!former) return;
  held.delete(detail.xhr);
  setTimeout(() => {
    // a page may have its own place for it
    if (former.isConnected || document.activeElement !== document.body) return;
    const found = [target, ...target.querySelectorAll(FOCUSABLE)].filter((each) => each.matches(FOCUSABLE));
    const successor = found.find((each) => each.localName === former.localName && likeness(each) === likeness(former));
    (successor ?? found[0])?.focus({ preventScroll: true });
  });
});
