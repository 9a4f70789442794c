// Selecting images in the grid: click, Shift for a range, keys; and what the action bar does with the selection.
// The grid is replaced when a filter changes, so everything listens on the document.
import { announce } from "./announce.js";
import { onKey } from "./keys.js";

const grid = () => document.getElementById("grid");
const boxes = () => [...document.querySelectorAll("#grid .tile-check input")];
const chosen = () => boxes().filter((box) => box.checked);
const tileOf = (element) => element?.closest?.(".tile");
let last = null;

function showCount() {
  const count = document.querySelector(".actions-count");
  if (!count) return;
  const number = chosen().length;
  count.textContent = number === 1 ? count.dataset.one : count.dataset.many.replace("%n", number);
  document.querySelector("[data-similar]").hidden = number !== 1;
  document.querySelector("[data-compare]").hidden = number !== 2;
  document.querySelector("[data-merge]")?.toggleAttribute("hidden", number < 2);
  return count.textContent;
}

function selectRange(from, to) {
  const all = boxes();
  const [first, end] = [all.indexOf(from), all.indexOf(to)].sort((a, b) => a - b);
  for (const box of all.slice(first, end + 1)) box.checked = to.checked;
}

document.addEventListener("click", (event) => {
  const box = event.target.closest(".tile-check input");
  if (!box) return;
  if (event.shiftKey && last?.isConnected) selectRange(last, box); // else it went with the former grid
  last = box;
  announce(showCount());
});

// A Shift-click on the label would select text instead of a range.
document.addEventListener("mousedown", (event) => {
  if (event.shiftKey && event.target.closest(".tile-check")) event.preventDefault();
});

// While something is selected, a click on a photograph selects too, as people know it from other galleries.
document.addEventListener("click", (event) => {
  const thumb = event.target.closest("#grid .thumb");
  if (!thumb || event.ctrlKey || event.metaKey || event.detail === 0) return;
  if (!chosen().length && !grid().classList.contains("is-selecting")) return;
  event.preventDefault();
  const box = tileOf(thumb).querySelector("input");
  box.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true, shiftKey: event.shiftKey }));
});

// Opens the comparison of the two that are selected.
function compare() {
  const pair = chosen();
  if (pair.length !== 2) return false;
  const { compare: address } = document.querySelector("[data-compare]").dataset; // of images 1 and 2
  location.assign(address.replace("/1/2/", `/${pair[0].value}/${pair[1].value}/`));
  return true;
}

function clear() {
  const any = chosen();
  for (const box of any) box.checked = false;
  if (any.length) announce(showCount());
  return any.length > 0;
}

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-clear]")) {
    clear();
    setSelecting(false);
  }
  if (event.target.closest("[data-similar]")) {
    const [box] = chosen();
    if (box) location.assign(tileOf(box).querySelector(".tile-similar").href);
  }
  if (event.target.closest("[data-compare]")) compare();
});

// Long selections travel as one field: servers refuse forms of thousands of fields.
document.addEventListener("formdata", (event) => {
  if (event.target.id !== "selection") return;
  event.formData.set("image", event.formData.getAll("image").join(","));
});

// Enter in a field of the action bar means the button beside it, not the first button of the form.
document.addEventListener("keydown", (event) => {
  const panel = event.key === "Enter" && event.target.closest(".actions-panel");
  if (!panel || event.target.tagName !== "INPUT") return;
  event.preventDefault();
  panel.querySelector("[type=submit]").click();
});

// Where nothing hovers, a button says that taps select from now on.
const select = document.getElementById("select");

function setSelecting(isSelecting) {
  select.setAttribute("aria-pressed", String(isSelecting));
  grid()?.classList.toggle("is-selecting", isSelecting);
}

select.addEventListener("click", () => {
  const starts = select.getAttribute("aria-pressed") !== "true";
  setSelecting(starts);
  if (!starts) clear();
});
document.addEventListener("htmx:afterSwap", () => setSelecting(select.getAttribute("aria-pressed") === "true"));

function current() {
  return tileOf(document.activeElement);
}

function focusTile(tile) {
  tile.querySelector(".thumb").focus({ preventScroll: true });
  tile.scrollIntoView({ block: "nearest" });
}

// Up and down mean the tile of the next row whose middle is nearest.
function tileAbove(tile, direction) {
  const middle = (each) => each.offsetLeft + each.offsetWidth / 2;
  let best = null;
  let rowTop = null;
  for (
    let each = direction < 0 ? tile.previousElementSibling : tile.nextElementSibling;
    each?.matches(".tile");
    each = direction < 0 ? each.previousElementSibling : each.nextElementSibling
  ) {
    if (each.offsetTop === tile.offsetTop) continue;
    rowTop ??= each.offsetTop;
    if (each.offsetTop !== rowTop) break;
    if (!best || Math.abs(middle(each) - middle(tile)) < Math.abs(middle(best) - middle(tile))) best = each;
  }
  return best;
}

onKey("move", (event) => {
  const tile = current();
  if (!tile) {
    const first = grid()?.querySelector(".tile");
    if (first) focusTile(first);
    return Boolean(first);
  }
  const next = {
    ArrowLeft: () => tile.previousElementSibling,
    ArrowRight: () => tile.nextElementSibling,
    ArrowUp: () => tileAbove(tile, -1),
    ArrowDown: () => tileAbove(tile, 1),
  }[event.key]();
  if (next?.matches(".tile")) focusTile(next);
  return true;
});
onKey("open", () => false); // the focused link opens by itself; the row is in the table so that people read of it
onKey("select", () => current()?.querySelector(".tile-check input").click());
onKey("similar", () => {
  const tile = current() ?? tileOf(chosen()[0]);
  if (tile) location.assign(tile.querySelector(".tile-similar").href);
});
onKey("compare", compare);
onKey("clear", clear);
document.addEventListener("htmx:afterSwap", showCount);
showCount();
