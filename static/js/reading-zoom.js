// Zooms the two images of a pair together: more with each press of a key or click, moved by pointer or arrow keys.
import { onKey } from "./keys.js";

const SCALES = [1, 2, 4];
const STEP = 8; // hundredths of the image
let pair = null;
let view = { level: 0, x: 50, y: 50 };

const clamp = (value) => Math.min(100, Math.max(0, value));

function paint() {
  pair.style.setProperty("--zoom", SCALES[view.level]);
  pair.style.setProperty("--zoom-x", `${view.x}%`);
  pair.style.setProperty("--zoom-y", `${view.y}%`);
  pair.toggleAttribute("data-zoomed", view.level > 0);
}

function zoom() {
  if (!pair) return false;
  view.level = (view.level + 1) % SCALES.length;
  paint();
  return true;
}

function follow(event) {
  const frame = event.target.closest(".turn-frame");
  if (!frame) return;
  const box = frame.getBoundingClientRect();
  view.x = clamp((100 * (event.clientX - box.left)) / box.width);
  view.y = clamp((100 * (event.clientY - box.top)) / box.height);
  if (view.level) paint();
}

const MOVES = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] };

function pan(event) {
  if (!pair || !view.level) return false;
  const [x, y] = MOVES[event.key];
  view.x = clamp(view.x + x / SCALES[view.level]);
  view.y = clamp(view.y + y / SCALES[view.level]);
  paint();
  return true;
}

export function bindZoom(element) {
  pair = element;
  view = { level: 0, x: 50, y: 50 };
  if (!pair) return;
  pair.addEventListener("pointermove", follow);
  pair.addEventListener("click", (event) => {
    if (!event.target.closest(".turn-frame")) return;
    follow(event);
    zoom();
  });
}

onKey("zoom", zoom);
onKey("pan", pan);
