// Two images zoomed and moved in step: beside each other, or the second laid over the first. What is looked at is a
// place of the first image, 0..1, and how many times larger than fitting it is shown; everything else follows.
import { apply, asCss, growth, invert, moving, multiply, scaling } from "./pair-geometry.js";
import { Marks } from "./pair-marks.js";
import { Gestures, Viewport, percent } from "./pan-zoom.js";

const MOST = 24;
const OPTIONS = { margin: 8, enlarged: 480, limits: (fit) => [fit, Math.max(2 * fit, MOST)], fills: true };

// One image and the part of the stage that it is shown in.
class Pane {
  constructor(figure) {
    this.figure = figure;
    this.picture = figure.querySelector(".pane-picture");
    this.image = figure.querySelector("img");
    this.size = ["width", "height"].map((name) => Number(this.image.getAttribute(name)) || 1);
    this.image.style.width = `${this.size[0]}px`;
    this.image.style.height = `${this.size[1]}px`;
    this.viewport = Viewport.of(...this.size, OPTIONS);
  }

  // Looks the place on the screen up, once before each painting.
  measure(origin) {
    const box = this.picture.getBoundingClientRect();
    this.box = { x: box.left - origin.left, y: box.top - origin.top, width: box.width, height: box.height };
    this.viewport.resize(box.width, box.height, { keepsZoom: true });
  }
}

export class PairStage {
  // `told` hears what changed, as a sentence for screen readers.
  constructor(root, told = () => {}) {
    this.root = root;
    this.told = told;
    this.view = root.querySelector("[data-view]");
    this.first = new Pane(root.querySelector("[data-pane=first]"));
    this.second = new Pane(root.querySelector("[data-pane=second]"));
    this.map = root.querySelector("[data-map]");
    this.marks = new Marks(root.querySelector("[data-marks]"));
    this.readout = root.querySelector("[data-scale]");
    this.motion = null;
    this.aligned = false;
    this.frame = 0;
    root.classList.add("is-live");
    this.map.style.width = `${this.first.size[0]}px`;
    this.map.style.height = `${this.first.size[1]}px`;
    this.bindGestures();
    new ResizeObserver(() => this.paint()).observe(this.view);
  }

  bindGestures() {
    let held = null;
    const gestures = new Gestures(this.view, {
      isFit: () => this.isFit,
      grab: (event, x, y) => (held = this.paneAt(x, y)),
      drag: (dx, dy) => !this.isFit && this.pan(held, dx, dy),
      zoom: (factor, x, y) => this.zoomBy(factor, x, y),
    });
    // A click on a picture would open it alone; with a modifier key it still does.
    this.view.addEventListener("click", (event) => {
      if (!event.target.closest(".pane-picture") || event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      if (event.detail === 0) this.toggle(); // Enter on the link
    });
    this.view.addEventListener("dblclick", (event) => {
      event.preventDefault();
      if (!gestures.hasMoved) this.toggle(...gestures.at(event));
    });
  }

  get mode() {
    return this.root.dataset.mode;
  }

  get stacked() {
    return this.mode !== "side";
  }

  get isFit() {
    return this.first.viewport.isFit;
  }

  // The place of the first image, 0..1, in the middle of its pane.
  get center() {
    const { viewport, size } = this.first;
    return [viewport.x / size[0], viewport.y / size[1]];
  }

  set center([u, v]) {
    const { viewport, size } = this.first;
    Object.assign(viewport, { x: u * size[0], y: v * size[1] });
  }

  // From places of 0..1 on the first image to places on the second one.
  get between() {
    return this.aligned && this.motion ? this.motion : null;
  }

  setMode(mode) {
    this.root.dataset.mode = mode;
    this.paintNow();
  }

  setMotion(matrix) {
    this.motion = matrix ?? null;
    this.paint();
  }

  setAligned(aligned) {
    this.aligned = aligned;
    this.paintNow();
  }

  paint() {
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(() => this.paintNow());
  }

  paintNow() {
    const origin = this.view.getBoundingClientRect();
    if (!origin.width) return;
    this.first.measure(origin);
    this.second.measure(origin);
    const first = this.placeFirst();
    const second = this.stacked ? this.placeOver(first) : this.placeBeside(first);
    this.first.image.style.transform = asCss(first);
    this.second.image.style.transform = asCss(second);
    this.map.style.transform = asCss(multiply(moving(1, this.first.box.x, this.first.box.y), first));
    this.placed = { first, second };
    this.readout.textContent = percent(this.scale);
    this.root.classList.toggle("is-zoomed", !this.isFit);
    this.marks.draw(this);
  }

  // Screen pixels per pixel of the first image.
  get scale() {
    return this.first.viewport.scale;
  }

  // The same for the second one, where it is shown for itself.
  get secondScale() {
    return this.second.viewport.fitScale * this.first.viewport.zoom;
  }

  // Pixels of an image to the place of its pane, with a place of it in the middle.
  placeAt(pane, scale, [u, v]) {
    const { box, size } = pane;
    return moving(scale, box.width / 2 - u * size[0] * scale, box.height / 2 - v * size[1] * scale);
  }

  placeFirst() {
    return this.placeAt(this.first, this.scale, this.center);
  }

  placeBeside() {
    if (!this.between) return this.placeAt(this.second, this.secondScale, this.center);
    return this.placeAt(this.second, this.scale / this.stretch(), apply(this.between, this.center));
  }

  // Laid over the first image: by the motion, or fitted into its frame.
  placeOver(first) {
    const { size } = this.second;
    if (this.between) {
      const toFirst = multiply(scaling(...this.first.size), invert(this.between));
      return multiply(first, multiply(toFirst, scaling(1 / size[0], 1 / size[1])));
    }
    const scale = Math.min(this.first.size[0] / size[0], this.first.size[1] / size[1]);
    const rest = [0, 1].map((axis) => (this.first.size[axis] - scale * size[axis]) / 2);
    return multiply(first, moving(scale, ...rest));
  }

  // Pixels of the second image per pixel of the first, where the middle is.
  stretch() {
    const inPixels = multiply(
      scaling(...this.second.size),
      multiply(this.between, scaling(1 / this.first.size[0], 1 / this.first.size[1])),
    );
    return growth(inPixels, [this.center[0] * this.first.size[0], this.center[1] * this.first.size[1]]);
  }

  // The pane under a point of the view; images that are laid over each other are handled by the first one.
  paneAt(x, y) {
    if (this.stacked) return this.first;
    const { box } = this.second;
    const inside = x >= box.x && x < box.x + box.width && y >= box.y && y < box.y + box.height;
    return inside ? this.second : this.first;
  }

  // Zooms, and keeps what is under a point of the view where it is.
  zoomBy(factor, x = null, y = null) {
    const pane = x === null ? this.first : this.paneAt(x, y);
    const offset = x === null ? [0, 0] : [x - pane.box.x - pane.box.width / 2, y - pane.box.y - pane.box.height / 2];
    this.shift(pane, offset, 1);
    this.first.viewport.setScale(this.scale * factor);
    this.shift(pane, offset, -1);
    this.paint();
  }

  pan(pane, dx, dy) {
    this.shift(pane, [dx, dy], -1);
    this.paint();
  }

  // Moves the middle by a distance on the screen, as it looks in one pane.
  shift(pane, [dx, dy], sign) {
    if (pane === this.second && this.between) {
      const scale = this.scale / this.stretch();
      const [u, v] = apply(this.between, this.center);
      const moved = [u + (sign * dx) / (scale * pane.size[0]), v + (sign * dy) / (scale * pane.size[1])];
      this.center = apply(invert(this.between), moved);
      return;
    }
    const scale = pane === this.second ? this.secondScale : this.scale;
    const [u, v] = this.center;
    this.center = [u + (sign * dx) / (scale * pane.size[0]), v + (sign * dy) / (scale * pane.size[1])];
  }

  fit() {
    this.first.viewport.fit();
    this.paint();
  }

  toggle(x = null, y = null) {
    if (this.isFit) this.zoomBy(this.first.viewport.enlarging, x, y);
    else this.fit();
  }
}
