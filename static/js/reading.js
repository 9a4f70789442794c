// Reading a queue: a verdict is shown as given at once, with the next pair, which was loaded before; it is sent
// behind that. When the server refuses, the pair comes back with the reason and with all that was typed.
import { announce } from "./announce.js";
import { onKey } from "./keys.js";
import { Refusal, fetchTurn, sendVerdict, undoVerdict } from "./reading-server.js";
import { bindZoom } from "./reading-zoom.js";

const reading = document.getElementById("reading");
const place = document.getElementById("turn");
const saidBox = document.getElementById("said");
const undoForm = document.getElementById("undo");
const texts = reading.dataset;

const article = () => place.querySelector(".turn");
const positionOf = (turn) => turn?.dataset.position;
const given = new Set(); // pairs whose verdict was given here: what was loaded before that may still offer them
let ahead = null; // { after, turn: promise of an element }: the next pair, loaded already
let sending = Promise.resolve(true);
let busy = false;
let numDone = 0;

function say(sentence, tone = "") {
  saidBox.textContent = sentence;
  saidBox.dataset.tone = tone;
  saidBox.hidden = tone !== "warn";
  announce(sentence);
}

function show(turn) {
  const typing = place.contains(document.activeElement);
  place.replaceChildren(turn);
  bindZoom(turn.querySelector("[data-zoom]"));
  const position = positionOf(article());
  history.replaceState(null, "", position ? `?at=${position}` : location.pathname);
  if (typing) place.focus({ preventScroll: true });
  if (article()) announce(article().getAttribute("aria-label"));
  showStanding();
}

function loadAhead() {
  const after = positionOf(article());
  if (after) ahead = { after, turn: fetchTurn(texts.turnUrl, { after }).catch(() => null) };
}

async function load(step) {
  place.setAttribute("aria-busy", "true");
  try {
    const turn = await fetchTurn(texts.turnUrl, step);
    numDone = 0;
    show(turn);
    loadAhead();
  } catch (error) {
    if (error instanceof Refusal) location.reload(); // a page says why: logged out, role withdrawn, queue deleted
    else say(texts.textOffline, "warn");
  } finally {
    place.removeAttribute("aria-busy");
  }
}

// How far the queue is: as the server said last, and the verdicts given since.
function showStanding() {
  const done = article()?.querySelector("[data-done]");
  if (!done) return;
  numDone = Math.max(numDone, Number(done.dataset.done));
  const number = Math.min(numDone, Number(done.dataset.total));
  done.textContent = number.toLocaleString(document.documentElement.lang);
  article().querySelector(".reading-progress progress").value = number;
}

// The pair after this one: the one loaded already, unless it was decided meanwhile, as at the end of the queue.
async function following(turn) {
  if (ahead?.after !== positionOf(turn)) return null;
  const found = await ahead.turn;
  if (!positionOf(found) || found.dataset.pair === turn.dataset.pair || given.has(found.dataset.pair)) return null;
  return found;
}

function setUndo(turn) {
  const form = turn.querySelector(".turn-form");
  undoForm.action = form.dataset.undo;
  undoForm.hidden = false;
  texts.undoUrl = form.dataset.undo;
}

async function decide(kind, seen) {
  const turn = article();
  if (!turn || busy) return;
  busy = true;
  const form = turn.querySelector(".turn-form");
  if (seen !== undefined) form.elements.seen.value = seen;
  const body = new FormData(form);
  body.set("kind", kind);
  mark(turn, kind);
  forgetProblem(turn);
  await sending;
  if (article() !== turn) {
    mark(turn, ""); // the verdict before was refused: its pair is back, and this one waits behind it
    busy = false;
    return;
  }
  if (!turn.hasAttribute("data-decided")) {
    given.add(turn.dataset.pair);
    numDone += 1;
  }
  const answer = sendVerdict(form.action, body);
  answer.catch(() => null); // heeded in `finish`
  const next = await following(turn);
  sending = finish(turn, answer, Boolean(next));
  if (next) {
    show(next);
    loadAhead();
    busy = false;
  }
}

async function finish(turn, answer, moved) {
  try {
    const { said, counted } = await answer;
    setUndo(turn);
    say(said, counted ? "" : "warn");
    if (!moved) await load({ after: positionOf(turn) });
    return true;
  } catch (error) {
    takeBack(turn, error);
    return false;
  } finally {
    if (!moved) busy = false;
  }
}

function mark(turn, kind) {
  for (const button of turn.querySelectorAll("[data-verdict]")) {
    button.setAttribute("aria-pressed", String(button.value === kind));
  }
}

function forgetProblem(turn) {
  turn.querySelector(".turn-problem").hidden = true;
}

// Shows a pair again whose verdict was not kept; what has been shown since stays ahead.
function takeBack(turn, error) {
  const since = article();
  if (given.delete(turn.dataset.pair)) numDone -= 1;
  const kind = turn.querySelector("[data-verdict][aria-pressed=true]");
  if (!turn.hasAttribute("data-decided")) mark(turn, "");
  if (since !== turn) {
    show(turn);
    if (since) ahead = { after: positionOf(turn), turn: Promise.resolve(since) };
  }
  const refused = error instanceof Refusal;
  const problem = refused ? error.message || texts.textRefused : texts.textOffline;
  const box = turn.querySelector(".turn-problem");
  box.querySelector("[data-problem]").textContent = problem;
  box.hidden = false;
  const newer = box.querySelector("[data-newer]");
  newer.hidden = !error.newer;
  if (error.newer) {
    const replace = newer.querySelector("[data-replace]");
    replace.textContent = texts.textReplace.replace("{kind}", kind.lastChild.textContent.trim());
    replace.onclick = () => decide(kind.value, error.newer);
    const keep = newer.querySelector("[data-keep]");
    keep.textContent = texts.textKeep.replace("{kind}", error.newerKind);
    keep.onclick = () => load({ after: positionOf(turn) });
    replace.focus();
  }
  say(problem, "");
}

async function undo() {
  if (busy || !(await sending)) return;
  if (!texts.undoUrl) {
    announce(texts.textNone);
    return;
  }
  busy = true;
  try {
    const answer = await undoVerdict(texts.undoUrl, undoForm);
    texts.undoUrl = "";
    undoForm.hidden = true;
    given.delete(String(answer.pair));
    await load({ at: answer.position });
    say(answer.said);
  } catch (error) {
    say(error instanceof Refusal && error.message ? error.message : texts.textOffline, "warn");
  } finally {
    busy = false;
  }
}

async function step(direction) {
  const position = positionOf(article());
  if (!position || busy) return;
  await sending;
  const turn = direction === "forward" ? await following(article()) : null;
  const found = turn ?? (await fetchTurn(texts.turnUrl, { [direction]: position }).catch(() => null));
  if (!found || !positionOf(found)) {
    announce(direction === "forward" ? texts.textEnd : texts.textFirst);
    return;
  }
  show(found);
  loadAhead();
}

place.addEventListener("submit", (event) => {
  if (event.target.matches(".turn-find")) {
    event.preventDefault();
    load({ at: event.target.elements.at.value });
  } else if (event.target.matches(".turn-form")) {
    event.preventDefault();
    const kind = event.submitter?.value;
    if (kind) decide(kind);
  }
});

place.addEventListener("click", (event) => {
  const link = event.target.closest("[data-step]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  step(link.dataset.step);
});

undoForm.addEventListener("submit", (event) => {
  event.preventDefault();
  undo();
});

place.addEventListener("keydown", (event) => {
  if (!event.target.matches("textarea, .number-box")) return;
  if (event.key === "Escape") place.focus({ preventScroll: true });
});

onKey("verdict", (event) => {
  const button = article()?.querySelector(`[data-verdict="${event.key}"]`);
  if (button && !event.repeat) decide(button.value); // a key held down would judge pair after pair
  return Boolean(button);
});
onKey("undo", () => void undo());
onKey("forward", () => void step("forward"));
onKey("back", () => void step("back"));
onKey("note", () => {
  if (busy) return true; // another pair takes this one's place at any moment, and would take the words with it
  const note = article()?.querySelector("textarea");
  note?.focus();
  return Boolean(note);
});
onKey("find", () => {
  if (busy) return true;
  const box = article()?.querySelector(".number-box");
  box?.select();
  return Boolean(box);
});
onKey("compare", () => {
  const link = article()?.querySelector("[data-compare]");
  link?.click();
  return Boolean(link);
});

showStanding();
bindZoom(place.querySelector("[data-zoom]"));
loadAhead();
