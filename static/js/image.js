// Zoom and pan of the image page's stage. The display copy is placed by a transform; `scale` counts screen pixels per
// pixel of the original, so that 100 % means what people expect.
import { onKey } from "./keys.js";

const MOST = 8;
const SWIPE = 60;
const stage = document.getElementById("stage");
const link = stage.querySelector(".stage-picture");
const image = link.querySelector("img");
const readout = document.getElementById("scale");
const natural = { width: Number(image.getAttribute("width")), height: Number(image.getAttribute("height")) };
const view = { scale: 1, x: 0, y: 0, isFit: true };
const pointers = new Map();
let moved = false;
let swipeFrom = 0;

const ratio = () => window.devicePixelRatio || 1;

function fitScale() {
  const margin = stage.clientWidth < 640 ? 8 : 32;
  const room = Math.min(
    (stage.clientWidth - 2 * margin) / natural.width,
    (stage.clientHeight - 2 * margin) / natural.height,
  );
  return Math.min(room, Math.max(1, 480 / Math.max(natural.width, natural.height)));
}

function keepInSight() {
  const axes = [
    ["x", stage.clientWidth, natural.width * view.scale],
    ["y", stage.clientHeight, natural.height * view.scale],
  ];
  for (const [axis, room, size] of axes) {
    view[axis] = size <= room ? (room - size) / 2 : Math.min(0, Math.max(room - size, view[axis]));
  }
}

function paint() {
  keepInSight();
  image.style.transform = `translate(${view.x}px, ${view.y}px) scale(${view.scale})`;
  readout.textContent = `${Math.round(view.scale * ratio() * 100)} %`;
  stage.classList.toggle("is-zoomed", view.scale > fitScale() * 1.01);
}

function fit() {
  view.scale = fitScale();
  view.isFit = true;
  paint();
}

function zoomTo(scale, x = stage.clientWidth / 2, y = stage.clientHeight / 2) {
  const next = Math.min(MOST, Math.max(fitScale(), scale));
  view.x = x - ((x - view.x) * next) / view.scale;
  view.y = y - ((y - view.y) * next) / view.scale;
  view.scale = next;
  view.isFit = next <= fitScale() * 1.001;
  paint();
}

function toggle(x, y) {
  if (view.isFit) zoomTo(Math.max(1 / ratio(), fitScale() * 2), x, y);
  else fit();
}

function follow(id) {
  return () => {
    const target = document.getElementById(id);
    target?.click();
    return Boolean(target);
  };
}

function swipe(distance) {
  if (Math.abs(distance) > SWIPE) follow(distance > 0 ? "newer" : "older")();
}

function inStage(event) {
  const box = stage.getBoundingClientRect();
  return [event.clientX - box.left, event.clientY - box.top];
}

function pinch(event) {
  const before = [...pointers.values()];
  pointers.set(event.pointerId, inStage(event));
  const after = [...pointers.values()];
  if (after.length !== 2) return;
  const span = ([a, b]) => Math.hypot(a[0] - b[0], a[1] - b[1]);
  zoomTo((view.scale * span(after)) / span(before), (after[0][0] + after[1][0]) / 2, (after[0][1] + after[1][1]) / 2);
}

function pan(event) {
  const [x, y] = inStage(event);
  const [fromX, fromY] = pointers.get(event.pointerId);
  moved ||= Math.hypot(x - fromX, y - fromY) > 3;
  if (!moved) return;
  link.setPointerCapture(event.pointerId);
  stage.classList.add("is-panning");
  view.x += x - fromX;
  view.y += y - fromY;
  pointers.set(event.pointerId, [x, y]);
  paint();
}

link.addEventListener("pointerdown", (event) => {
  if (event.button !== 0) return;
  if (!pointers.size) {
    moved = false;
    [swipeFrom] = inStage(event);
  }
  pointers.set(event.pointerId, inStage(event));
});
link.addEventListener("pointermove", (event) => {
  if (!pointers.has(event.pointerId)) return;
  if (pointers.size > 1) {
    moved = true;
    pinch(event);
  } else pan(event);
});
link.addEventListener("pointerup", (event) => {
  if (event.pointerType === "touch" && view.isFit && pointers.size === 1) swipe(inStage(event)[0] - swipeFrom);
});
for (const name of ["pointerup", "pointercancel", "lostpointercapture"]) {
  link.addEventListener(name, (event) => {
    pointers.delete(event.pointerId);
    stage.classList.remove("is-panning");
  });
}
link.addEventListener("dragstart", (event) => event.preventDefault());
link.addEventListener("click", (event) => {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  if (!moved) toggle(...(event.detail === 0 ? [] : inStage(event)));
  moved = false;
});
stage.addEventListener(
  "wheel",
  (event) => {
    if (!event.ctrlKey && view.isFit && event.deltaY > 0) return;
    event.preventDefault();
    zoomTo(view.scale * Math.exp(-event.deltaY / 400), ...inStage(event));
  },
  { passive: false },
);

const ZOOMS = {
  in: () => zoomTo(view.scale * 1.5),
  out: () => zoomTo(view.scale / 1.5),
  actual: () => toggle(),
  fit,
};
for (const button of stage.querySelectorAll("[data-zoom]")) {
  button.addEventListener("click", ZOOMS[button.dataset.zoom]);
}

// Who comes straight from the gallery goes back to it as it was left: with all that was loaded, scrolled to the place.
document.getElementById("back").addEventListener("click", (event) => {
  if (document.referrer !== event.currentTarget.href || history.length < 2) return;
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  history.back();
});

for (const id of ["newer", "older", "similar", "back"]) onKey(id, follow(id));
onKey("zoom-in", ZOOMS.in);
onKey("zoom-out", ZOOMS.out);
onKey("fit", fit);

new ResizeObserver(() => (view.isFit ? fit() : paint())).observe(stage);
stage.classList.add("is-live");
image.style.width = `${natural.width}px`;
image.style.height = `${natural.height}px`;
fit();
