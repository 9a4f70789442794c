// The map page: brings points, viewport, painter, gestures, legend and selection together.
import { announce } from "./announce.js";
import { onKey } from "./keys.js";
import { Card } from "./map-card.js";
import { Lasso } from "./map-lasso.js";
import { Legend } from "./map-legend.js";
import { Looks } from "./map-looks.js";
import { Painter } from "./map-painter.js";
import { Points } from "./map-points.js";
import { Selection } from "./map-selection.js";
import { Sprites } from "./map-sprites.js";
import { Gestures, Viewport, arrowStep, bindZoomButtons, bindZoomKeys } from "./pan-zoom.js";

const MOVE_MS = 450;
const STEP = 80;
const STEP_ZOOM = 1.5;
const stage = document.getElementById("stage");
const form = document.getElementById("map-form");
const note = document.getElementById("stage-note");
const count = document.getElementById("map-count");
const numbers = new Intl.NumberFormat(document.documentElement.lang);
const isCalm = matchMedia("(prefers-reduced-motion: reduce)");

const view = new Viewport({
  bounds: { left: -1, top: -1, right: 1, bottom: 1 },
  margin: 36,
  limits: (fit) => [fit / 2, fit * 400],
});
const looks = new Looks(stage);
const sprites = new Sprites(stage.dataset.sprites, paintSoon);
const painter = new Painter(document.getElementById("canvas"), view, looks, sprites);
const selection = new Selection(paintSoon, pointAt);
const legend = new Legend(looks, paintSoon, (group) => selection.set(scene.points.inGroup(group)));
const lasso = new Lasso(stage, document.getElementById("lasso"), (path) => {
  scene.lasso = path;
  paintSoon();
});
const card = new Card(document.getElementById("card"), stage.dataset.card);
const scene = { points: null, x: [], y: [], selected: selection, hover: -1, lasso: null, showsMiddle: false };
let isPainting = false;

function paintSoon() {
  if (isPainting) return;
  isPainting = true;
  requestAnimationFrame(() => {
    isPainting = false;
    const started = performance.now();
    painter.paint(scene);
    performance.measure("map-paint", { start: started });
    if (performance.getEntriesByName("map-paint").length > 500) performance.clearMeasures("map-paint");
  });
}

// Loading

function parameters() {
  const found = new URLSearchParams(new FormData(form));
  for (const [name, value] of [...found]) if (!value) found.delete(name);
  return found;
}

let turn = 0;

async function load() {
  const mine = ++turn;
  stage.setAttribute("aria-busy", "true");
  const response = await fetch(`${stage.dataset.points}?${parameters()}`).catch(() => null);
  if (mine !== turn) return; // something else was asked for since
  stage.removeAttribute("aria-busy");
  if (response?.status === 404) {
    location.assign(`?${parameters()}`); // a method whose map is not drawn: its page says what can be done
    return;
  }
  if (!response?.ok) {
    say(stage.dataset.failed);
    return;
  }
  take(new Points(await response.arrayBuffer()));
}

function take(points) {
  const before = scene.points && { points: scene.points, x: scene.x, y: scene.y };
  const sameImages = before && before.points.num === points.num && points.ids.every((id) => before.points.place.has(id));
  Object.assign(scene, { points, hover: -1 });
  card.hide();
  view.bounds = points.bounds;
  const samePlaces = sameImages && points.ids.every((id, i) => before.points.x[before.points.place.get(id)] === points.x[i]);
  if (!samePlaces) view.fit();
  if (!before) lookAtAsked(points);
  selection.retain((id) => points.place.has(id));
  legend.show(points, form.elements.color.value);
  tell(points);
  if (sameImages && !samePlaces && !isCalm.matches) glide(before);
  else Object.assign(scene, { x: points.x, y: points.y });
  paintSoon();
}

// Links from an image's page ask for it by `focus`.
function lookAtAsked(points) {
  const id = Number(new URLSearchParams(location.search).get("focus"));
  const i = points.place.get(id);
  if (i === undefined) return;
  view.lookAt(points.x[i], points.y[i]);
  selection.set([id]);
}

// The images go from where they lay to where they lie now, each map filling the stage.
function glide(before) {
  const { points } = scene;
  const [from, to] = [before.points.bounds, points.bounds];
  const size = (bounds) => Math.max(bounds.right - bounds.left, bounds.bottom - bounds.top) || 1;
  const ratio = size(to) / size(from);
  const middle = (bounds) => [(bounds.left + bounds.right) / 2, (bounds.top + bounds.bottom) / 2];
  const [[fromX, fromY], [toX, toY]] = [middle(from), middle(to)];
  const startX = Float32Array.from(points.ids, (id) => (before.x[before.points.place.get(id)] - fromX) * ratio + toX);
  const startY = Float32Array.from(points.ids, (id) => (before.y[before.points.place.get(id)] - fromY) * ratio + toY);
  const started = performance.now();
  const step = (now) => {
    if (scene.points !== points) return;
    const t = Math.min(1, Math.max(0, (now - started) / MOVE_MS));
    const ease = t * t * (3 - 2 * t);
    scene.x = t < 1 ? startX.map((x, i) => x + (points.x[i] - x) * ease) : points.x;
    scene.y = t < 1 ? startY.map((y, i) => y + (points.y[i] - y) * ease) : points.y;
    paintSoon();
    if (t < 1) requestAnimationFrame(step);
  };
  scene.x = startX;
  scene.y = startY;
  requestAnimationFrame(step);
}

function tell({ num, numOnMap, numVisible }) {
  const images = num === 1 ? stage.dataset.image : stage.dataset.images.replace("%n", numbers.format(numOnMap));
  count.textContent = images;
  const waiting = numVisible - numOnMap;
  if (!num) say(stage.dataset.nothing);
  else if (num < numOnMap) say(stage.dataset.sampled);
  else say(waiting > 0 ? stage.dataset.waiting.replace("%n", numbers.format(waiting)) : "");
}

function say(sentence) {
  note.textContent = sentence;
  note.hidden = !sentence;
}

form.addEventListener("change", () => {
  history.replaceState(null, "", `?${parameters()}`);
  document.querySelector("#map-selection [name=next]").value = `${location.pathname}${location.search}`;
  load();
});

// Pointing and selecting

const placeOf = (i) => view.toStage(scene.x[i], scene.y[i]);

function hover(i) {
  if (i === scene.hover) return;
  scene.hover = i;
  stage.classList.toggle("is-over", i >= 0);
  paintSoon();
}

function point(x, y) {
  const i = x === undefined || !scene.points ? -1 : painter.under(scene, x, y, 3);
  hover(i);
  if (i >= 0) card.show(scene.points.ids[i], ...placeOf(i), view);
  else card.hide();
}

// Marks the image of a row of the selection's list on the map.
function pointAt(id) {
  hover(id && scene.points ? (scene.points.place.get(id) ?? -1) : -1);
}

function click(x, y, adds, isTouch) {
  if (!scene.points) return;
  const i = painter.under(scene, x, y, isTouch ? 16 : 3);
  if (i < 0) {
    if (!adds) selection.clear();
  } else if (adds) selection.toggle(scene.points.ids[i]);
  else selection.set([scene.points.ids[i]]);
}

const gestures = new Gestures(stage, {
  accepts: (event) => !event.target.closest("button, a, .map-card, .map-note"),
  grab: (event, x, y) => (lasso.isWanted || event.shiftKey) && lasso.start(x, y),
  drag: (dx, dy, x, y) => (lasso.isDrawn ? lasso.extend(x, y) : move(() => view.panBy(dx, dy))),
  pinch: () => lasso.cancel(),
  zoom: (factor, x, y) => move(() => view.zoomBy(factor, x, y)),
  release,
  end: () => lasso.cancel(),
  hover: point,
});
stage.addEventListener("dblclick", (event) => {
  if (gestures.does.accepts(event)) move(() => view.zoomBy(2, ...gestures.at(event)));
});

function release(event, x, y) {
  const adds = event.ctrlKey || event.metaKey;
  if (!gestures.hasMoved) click(x, y, adds || event.shiftKey, event.pointerType !== "mouse");
  else if (lasso.isDrawn) {
    selection.set(scene.points.inside(lasso.close().map((place) => view.toContent(...place))), { adds });
  }
}

function move(change) {
  change();
  scene.showsMiddle = false;
  card.hide();
  hover(-1);
  paintSoon();
}

function selectView() {
  const [from, to] = [view.toContent(0, 0), view.toContent(view.width, view.height)];
  selection.set(scene.points.inBox({ left: from.x, top: from.y, right: to.x, bottom: to.y }));
}

// Keys: of the images in view the one nearest to the middle is the one that they speak of.

function nearestToMiddle() {
  const reach = Math.min(view.width, view.height) / 2 / view.scale;
  return scene.points ? scene.points.nearest(view.x, view.y, reach) : -1;
}

let announcing = 0;

function moveByKey(change) {
  move(change);
  scene.showsMiddle = true;
  const i = nearestToMiddle();
  hover(i);
  clearTimeout(announcing);
  if (i < 0) return;
  announcing = setTimeout(() => {
    const say = (name) => announce(stage.dataset.nearest.replace("%s", name));
    card.show(scene.points.ids[i], ...placeOf(i), view, say);
  }, 250);
}

const isOnStage = () => stage.contains(document.activeElement) || document.activeElement === document.body;
const zooms = {
  in: () => view.zoomBy(STEP_ZOOM),
  out: () => view.zoomBy(1 / STEP_ZOOM),
  fit: () => view.fit(),
};

bindZoomButtons(stage, {
  in: () => move(zooms.in),
  out: () => move(zooms.out),
  fit: () => move(zooms.fit),
  view: selectView,
});
bindZoomKeys(zooms, { in: "zoom-in", out: "zoom-out", fit: "zoom-fit" }, moveByKey);
onKey("pan", (event) => isOnStage() && (moveByKey(() => view.panBy(...arrowStep(event, STEP))), true));
onKey("nearest", () => {
  if (document.activeElement !== stage || nearestToMiddle() < 0) return false;
  selection.set([scene.points.ids[nearestToMiddle()]]);
  return true;
});
onKey("add", () => {
  if (nearestToMiddle() >= 0) selection.toggle(scene.points.ids[nearestToMiddle()]);
});
onKey("lasso", () => lasso.set(!lasso.isWanted));
onKey("view", selectView);
onKey("clear", () => {
  if (card.id) {
    card.hide();
    return;
  }
  const was = lasso.cancel() || lasso.isWanted;
  lasso.set(false);
  if (!was) selection.clear();
});

const thumbnails = document.getElementById("thumbnails");
thumbnails.addEventListener("click", () => {
  painter.withThumbnails = thumbnails.getAttribute("aria-pressed") !== "true";
  thumbnails.setAttribute("aria-pressed", String(painter.withThumbnails));
  paintSoon();
});

// Size and colors of the stage

new ResizeObserver(() => {
  view.resize(stage.clientWidth, stage.clientHeight);
  painter.resize();
  painter.paint(scene);
}).observe(stage);

function recolor() {
  looks.refresh();
  painter.dots.forget();
  if (scene.points) legend.recolor();
  paintSoon();
}
new MutationObserver(recolor).observe(document.documentElement, { attributeFilter: ["data-theme"] });
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", recolor);

load();
