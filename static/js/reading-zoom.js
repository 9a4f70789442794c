// Zooms the two images of a pair together: more with each press of a key or click, moved by pointer or arrow keys.
import { onKey } from "./keys.js";
import { Viewport, arrowStep } from "./pan-zoom.js";

const MOST = 4;
const STEP = 8; // hundredths of the image
let pair = null;
let view = null; // its middle is the place of both images, in hundredths, that stays where it is while they grow

function paint() {
  pair.style.setProperty("--zoom", view.scale);
  pair.style.setProperty("--zoom-x", `${view.x}%`);
  pair.style.setProperty("--zoom-y", `${view.y}%`);
  pair.toggleAttribute("data-zoomed", view.scale > 1);
}

function zoom() {
  if (!pair) return false;
  view.setScale(view.scale < MOST ? view.scale * 2 : 1);
  paint();
  return true;
}

function follow(event) {
  const frame = event.target.closest(".turn-frame");
  if (!frame) return;
  const box = frame.getBoundingClientRect();
  view.moveTo((100 * (event.clientX - box.left)) / box.width, (100 * (event.clientY - box.top)) / box.height);
  if (view.scale > 1) paint();
}

function pan(event) {
  if (!pair || view.scale === 1) return false;
  view.panBy(...arrowStep(event, STEP));
  paint();
  return true;
}

export function bindZoom(element) {
  pair = element;
  if (!pair) return;
  view = Viewport.of(100, 100, { limits: () => [1, MOST] });
  view.resize(100, 100);
  pair.addEventListener("pointermove", follow);
  pair.addEventListener("click", (event) => {
    if (!event.target.closest(".turn-frame")) return;
    follow(event);
    zoom();
  });
}

onKey("zoom", zoom);
onKey("pan", pan);
