// The image page: the display copy is placed by a transform; its scale counts screen pixels per pixel of the original,
// so that 100 % means what people expect.
import { onKey } from "./keys.js";
import { Gestures, Viewport, bindZoomButtons, bindZoomKeys, percent } from "./pan-zoom.js";

const MOST = 8;
const SWIPE = 60;
const STEP_ZOOM = 1.5;
const stage = document.getElementById("stage");
const link = stage.querySelector(".stage-picture");
const image = link.querySelector("img");
const readout = document.getElementById("scale");
const [width, height] = ["width", "height"].map((name) => Number(image.getAttribute(name)));
const limits = (fit) => [fit, Math.max(fit, MOST)];
const view = Viewport.of(width, height, { enlarged: 480, limits, fills: true });
let swipeFrom = 0;

function paint() {
  const [left, top] = view.toStage(0, 0);
  // By script, which the content security policy allows; a style attribute in the page it does not.
  image.style.transform = `translate(${left}px, ${top}px) scale(${view.scale})`;
  readout.textContent = percent(view.scale);
  stage.classList.toggle("is-zoomed", !view.isFit);
}

function move(change) {
  change();
  paint();
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

const gestures = new Gestures(
  link,
  {
    isFit: () => view.isFit,
    grab: (event, x) => (swipeFrom = x),
    drag: (dx, dy) => !view.isFit && move(() => view.panBy(dx, dy)),
    zoom: (factor, x, y) => move(() => view.zoomBy(factor, x, y)),
    release: (event, x) => event.pointerType === "touch" && view.isFit && swipe(x - swipeFrom),
  },
  stage,
);

link.addEventListener("click", (event) => {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  if (event.detail === 0) move(() => view.toggle()); // Enter on the link
  else if (!gestures.hasMoved) move(() => view.toggle(...gestures.at(event)));
});

const zooms = {
  in: () => move(() => view.zoomBy(STEP_ZOOM)),
  out: () => move(() => view.zoomBy(1 / STEP_ZOOM)),
  actual: () => move(() => view.toggle()),
  fit: () => move(() => view.fit()),
};
bindZoomButtons(stage, zooms);
bindZoomKeys(zooms, { in: "zoom-in", out: "zoom-out", fit: "zoom-fit" });

// Who comes straight from the gallery goes back to it as it was left: with all that was loaded, scrolled to the place.
document.getElementById("back").addEventListener("click", (event) => {
  if (document.referrer !== event.currentTarget.href || history.length < 2) return;
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  history.back();
});

for (const id of ["newer", "older", "similar", "back"]) onKey(id, follow(id));

function resize() {
  view.margin = stage.clientWidth < 640 ? 8 : 32;
  view.resize(stage.clientWidth, stage.clientHeight);
}

new ResizeObserver(() => move(resize)).observe(stage);
stage.classList.add("is-live");
image.style.width = `${width}px`;
image.style.height = `${height}px`;
move(resize);
