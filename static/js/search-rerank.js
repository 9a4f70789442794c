// The search page: a moved weight re-ranks what is on the page at once, then asks the server for the full answer.
import { announce } from "./announce.js";
import { onKey } from "./keys.js";
import { readAddress, writeAddress } from "./search-address.js";
import { places, travel } from "./search-flip.js";
import { fuse, order } from "./search-fusion.js";
import { read, write } from "./search-hits.js";
import { Panel } from "./search-panel.js";
import { paintTones } from "./tones.js";

const SETTLE_MS = 250;
const page = document.getElementById("search");
const answer = document.getElementById("answer");
const noWeight = document.getElementById("no-weight");
const first = (object) => Object.keys(object)[0];
const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
const cards = () => [...answer.querySelectorAll(".hit")];

let frame = 0;
let timer = 0;
let request = null;
let moving = false; // one gesture makes one entry of the history, however many steps it has
let count = new URLSearchParams(location.search).get("k") ?? "";

const panel = new Panel(document.getElementById("weights"), (stillMoving) => {
  cancelAnimationFrame(frame);
  frame = requestAnimationFrame(rerank);
  remember(stillMoving);
});

// Other words are another search: the server says what counts in it, unless the sliders were moved.
function askAnew(event) {
  event.stopPropagation();
  const { words: _missing, ...weights } = panel.untouched ? {} : panel.weights();
  const state = panel.state();
  if (state.words || state.examples.length) location.assign(`${location.pathname}?${writeAddress({ ...state, weights })}`);
}
for (const words of ["words", "unlike-words"].map((id) => document.getElementById(id))) {
  words.addEventListener("input", (event) => event.stopPropagation());
  words.addEventListener("change", askAnew);
}

// A collection may have weights of its own: while nobody has touched the sliders, the server says which count in it.
const collection = document.getElementById("collection");
collection.addEventListener("input", (event) => {
  if (panel.untouched) event.stopPropagation();
});
collection.addEventListener("change", (event) => {
  if (!panel.untouched) return;
  event.stopPropagation();
  location.assign(`${location.pathname}?${writeAddress({ ...panel.state(), weights: {}, k: count })}`);
});

// Re-ranks the cards on the page by the weights of the panel.
function rerank() {
  performance.mark("rerank-start");
  const weights = panel.weights({ usable: true });
  const none = !Object.values(weights).some((weight) => weight > 0);
  noWeight.hidden = !none;
  noWeight.textContent = none ? page.dataset.textNone : "";
  const list = document.getElementById("hits");
  if (none || !list) return none && announce(page.dataset.textNone);
  const before = places(cards());
  const former = cards();
  const fused = new Map(former.map((card) => [card, fuse(read(card).rarities, weights)]));
  const lead = (card) => (fused.get(card).score === null || (panel.state().order || list.dataset.order) === "score" ? 0 : read(card).proof);
  const ordered = order(former, (card) => fused.get(card).score, lead);
  const focused = document.activeElement;
  if (ordered.some((card, position) => former[position] !== card)) list.append(...ordered);
  if (focused !== document.activeElement) focused.focus({ preventScroll: true });
  ordered.forEach((card, position) => write(card, position + 1, fused.get(card), weights, panel));
  hideOutside(ordered, fused);
  performance.measure("rerank", "rerank-start");
  travel(ordered, before);
  tell(former, ordered);
}

function hideOutside(ordered, fused) {
  const { min, max } = panel.limits();
  for (const card of ordered) {
    const score = 100 * (fused.get(card).score ?? -1);
    card.hidden = score < min || score > max;
  }
}

// Says the new order to those who do not see it.
function tell(former, ordered) {
  const head = ordered.find((card) => !card.hidden);
  if (!head) return;
  const moved = ordered.filter((card, position) => former[position] !== card).length;
  const values = { name: head.dataset.name, score: head.querySelector("[data-score]").textContent };
  const text = moved ? page.dataset.textReranked : page.dataset.textSame;
  announce(fill(text, { ...values, moved, count: ordered.length }));
}

// Keeps the search in the URL and asks the server once the controls rest.
function remember(stillMoving) {
  const address = `${location.pathname}?${writeAddress({ ...panel.state(), k: count })}`;
  if (address !== location.pathname + location.search) {
    history[moving ? "replaceState" : "pushState"](null, "", address);
    moving = true;
  }
  if (!stillMoving) moving = false;
  clearTimeout(timer);
  timer = setTimeout(load, SETTLE_MS);
}

// Fetches the answer to the URL and puts it in place of the present one.
async function load() {
  if (!noWeight.hidden) return;
  request?.abort();
  request = new AbortController();
  answer.setAttribute("aria-busy", "true");
  try {
    const response = await fetch(location.href, { headers: { "HX-Request": "true" }, signal: request.signal });
    if (response.redirected || response.status >= 500) throw new TypeError(`status ${response.status}`);
    replace(await response.text());
    answer.removeAttribute("aria-busy");
  } catch (error) {
    if (error.name === "AbortError") return;
    answer.removeAttribute("aria-busy");
    const line = document.getElementById("offline");
    if (line) Object.assign(line, { hidden: false, textContent: page.dataset.textOffline });
  }
}

// Returns what finds the control that has the focus in the next answer: of the same hit, or what "Show more" has shown.
function successorOf(active) {
  const image = active.closest(".hit")?.dataset.image;
  const [name] = active.closest("#answer [data-set]")?.dataset.set.split("=") ?? [];
  const num = cards().length;
  if (image) {
    const selector = active.matches("summary") ? "summary" : ".hit-name";
    return () => answer.querySelector(`.hit[data-image="${image}"]`)?.querySelector(selector);
  }
  if (name === "k") return () => cards()[num]?.querySelector(".hit-name");
  if (name === "view") return () => answer.querySelector(`[data-set="${active.dataset.set}"]`);
  return () => name && answer.querySelector(`[data-set^="${name}="]`);
}

function replace(html) {
  const open = answer.querySelector(".hits-grid details[open]")?.closest(".hit").dataset.image;
  const successor = successorOf(document.activeElement);
  const before = places(cards());
  answer.innerHTML = html;
  const find = (image) => image && answer.querySelector(`.hit[data-image="${image}"]`);
  const details = find(open)?.querySelector("details");
  if (details) details.open = true;
  successor()?.focus({ preventScroll: true });
  paintTones(answer);
  travel(cards(), before);
  getReady();
}

// Looks everything up while nothing moves, so that the first step of a slider is as quick as the others.
function getReady() {
  (window.requestIdleCallback ?? setTimeout)(() => cards().forEach(read));
}

getReady();

// Back and forward: the controls follow the URL, then the answer does.
addEventListener("popstate", () => {
  const state = readAddress(location.search, panel.presets, first(panel.presets));
  const now = panel.state();
  if (["examples", "words", "unlikeWords"].some((name) => String(state[name]) !== String(now[name]))) return location.reload();
  count = state.k;
  panel.restore(state);
  rerank();
  clearTimeout(timer);
  return load();
});

// "Show more" and the layout switch are links; here they change the present search instead of starting again.
answer.addEventListener("click", (event) => {
  const link = event.target.closest("[data-set]");
  if (!link || event.metaKey || event.ctrlKey || event.shiftKey) return;
  event.preventDefault();
  const [name, value] = link.dataset.set.split("=");
  if (name === "k") count = value;
  else panel.form.elements[name].value = value;
  remember(false);
  clearTimeout(timer);
  load();
});

// An opened reason is closed by Escape or by a click elsewhere.
const openReason = () => answer.querySelector(".hits-grid details[open]");
document.addEventListener("click", ({ target }) => {
  const details = openReason();
  if (details && !details.contains(target)) details.open = false;
});
document.addEventListener("keydown", (event) => {
  const details = event.key === "Escape" && openReason();
  if (!details) return;
  details.open = false;
  details.querySelector("summary").focus();
});

// Keys
const current = () => document.activeElement.closest(".hit");
onKey("weights", () => {
  if (!panel.form.classList.contains("sheet-open") && document.getElementById("sheet").offsetParent) {
    document.getElementById("sheet").click();
  }
  panel.sliders[0]?.focus();
});
onKey("walk", (event) => {
  const shown = cards().filter((card) => !card.hidden);
  const step = event.key === "ArrowRight" ? 1 : -1;
  const next = current() ? shown[shown.indexOf(current()) + step] : shown[0];
  next?.querySelector(".hit-name").focus();
  return Boolean(next);
});
onKey("why", () => current()?.querySelector("summary")?.click() ?? false);
onKey("similar", () => current()?.querySelector("[data-similar]").click() ?? false);
onKey("compare", () => current()?.querySelector(".hit-compare")?.click() ?? false);
