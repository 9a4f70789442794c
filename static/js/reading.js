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
let ahead = null; // { after, turn: promise of an element }: the next pair, loaded already
let sending = Promise.resolve(true);
let busy = false;

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
}

function loadAhead() {
  const after = positionOf(article());
  if (!after) return;
  const turn = fetchTurn(texts.turnUrl, { after }).catch(() => null);
  ahead = { after, turn };
}

async function load(step) {
  place.setAttribute("aria-busy", "true");
  try {
    show(await fetchTurn(texts.turnUrl, step));
    loadAhead();
  } catch (error) {
    if (error instanceof Refusal) location.reload(); // a page says why: logged out, role withdrawn, queue deleted
    else say(texts.textOffline, "warn");
  } finally {
    place.removeAttribute("aria-busy");
  }
}

// The pair after this one: the one loaded already, unless it is this one again, as at the end of the queue.
async function following(turn) {
  if (ahead?.after !== positionOf(turn)) return null;
  const found = await ahead.turn;
  return found && positionOf(found) && positionOf(found) !== positionOf(turn) ? found : null;
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
  const next = await following(turn);
  sending = send(turn, form.action, body, Boolean(next));
  if (next) {
    show(next);
    loadAhead();
    busy = false;
  }
}

async function send(turn, url, body, moved) {
  try {
    const answer = await sendVerdict(url, body);
    setUndo(turn);
    say(answer.said, answer.counted ? "" : "warn");
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
  if (!texts.undoUrl) {
    announce(texts.textNone);
    return;
  }
  if (!(await sending)) return;
  try {
    const answer = await undoVerdict(texts.undoUrl, undoForm);
    texts.undoUrl = "";
    undoForm.hidden = true;
    await load({ at: answer.position });
    say(answer.said);
  } catch (error) {
    say(error instanceof Refusal && error.message ? error.message : texts.textOffline, "warn");
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
  if (button) decide(button.value);
  return Boolean(button);
});
onKey("undo", () => void undo());
onKey("forward", () => void step("forward"));
onKey("back", () => void step("back"));
onKey("note", () => {
  const note = article()?.querySelector("textarea");
  note?.focus();
  return Boolean(note);
});
onKey("find", () => {
  const box = article()?.querySelector(".number-box");
  box?.select();
  return Boolean(box);
});
onKey("compare", () => {
  const link = article()?.querySelector("[data-compare]");
  link?.click();
  return Boolean(link);
});

bindZoom(place.querySelector("[data-zoom]"));
loadAhead();
