// The page of duplicates: moving from group to group by keys, counting the selection, refusals shown in the group.
import { announce } from "./announce.js";
import { onKey } from "./keys.js";

const list = document.getElementById("groups");
const bulk = document.getElementById("bulk");
const groups = () => [...(list?.querySelectorAll(".group") ?? [])];
const current = () => document.activeElement?.closest?.(".group") ?? null;

function go(step) {
  const all = groups();
  const at = all.indexOf(current());
  const next = all[at < 0 ? (step > 0 ? 0 : all.length - 1) : at + step];
  if (!next) return false;
  next.focus({ preventScroll: true });
  next.scrollIntoView({ block: "nearest" });
  return true;
}

function press(selector, within = current()) {
  const button = within?.querySelector(selector);
  button?.click();
  return Boolean(button);
}

onKey("next-group", () => go(1));
onKey("previous-group", () => go(-1));
onKey("select-group", () => press(".group-select input"));
onKey("keep-one", () => press("[data-keep-one]"));
onKey("keep-all", () => press("[data-keep-all]"));
onKey("compare", () => press("[data-compare]", document.activeElement?.closest?.(".member")) || press("[data-compare]"));
onKey("tell-apart", () => {
  if (press("[data-apart]", document.activeElement?.closest?.(".member"))) return true;
  const buttons = current()?.querySelectorAll("[data-apart]") ?? [];
  if (buttons.length === 1) buttons[0].click();
  return buttons.length === 1;
});
onKey("undo", () => press("[data-undo]") || press("[data-undo]", list) || press("[data-undo]", document));

function showCount() {
  const count = bulk?.querySelector(".bulk-count");
  if (!count) return;
  const number = document.querySelectorAll(".group-select input:checked").length;
  const text = number === 1 ? count.dataset.one : number ? count.dataset.many.replace("%n", number) : count.dataset.none;
  count.textContent = text;
  return text;
}

document.addEventListener("change", (event) => {
  if (!event.target.matches(".group-select input")) return;
  bulk.querySelector("[name=scope][value=selected]").checked = true;
  announce(showCount());
});
showCount();

// Long selections travel as one field: servers refuse forms of thousands of fields.
bulk?.addEventListener("formdata", ({ formData }) => {
  const ids = formData.getAll("group");
  if (ids.length) formData.set("group", ids.join(","));
});

// A refusal is a sentence: it is shown in the group, where everything stays as it was chosen.
document.body.addEventListener("htmx:beforeSwap", ({ detail }) => {
  const group = detail.requestConfig?.elt.closest(".group");
  if (!group || detail.xhr.status < 400) return;
  const problem = group.querySelector(".group-problem");
  if (!problem || detail.xhr.status !== 409) return;
  problem.textContent = detail.xhr.responseText.trim();
  problem.hidden = false;
});

// After a decision the focus stays where it was made, and what was done is said.
document.body.addEventListener("htmx:afterSettle", () => {
  const settled = list?.querySelector("[data-said]");
  if (!settled) return;
  announce(settled.dataset.said);
  delete settled.dataset.said;
  if (document.activeElement === document.body) settled.focus({ preventScroll: true });
  showCount();
});
