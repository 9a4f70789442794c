// Two images zoomed and moved in step: beside each other, or the second laid over the first. What is looked at is a
// place of the first image, 0..1, and how many times larger than fitting it is shown; everything else follows.
import { apply, asCss, growth, invert, moving, multiply, scaling } from "./pair-geometry.js";
import { holdHands } from "./pair-hands.js";
import { Marks } from "./pair-marks.js";

const MOST = 24;
const MARGIN = 8;
const ENLARGED = 480; // a small image is enlarged to this side at most
const clamp = (value, low, high) => Math.min(high, Math.max(low, value));

// One image and the part of the stage that it is shown in.
class Pane {
  constructor(figure) {
    this.figure = figure;
    this.picture = figure.querySelector(".pane-picture");
    this.image = figure.querySelector("img");
    this.size = ["width", "height"].map((name) => Number(this.image.getAttribute(name)) || 1);
    this.image.style.width = `${this.size[0]}px`;
    this.image.style.height = `${this.size[1]}px`;
  }

  // Looks the place on the screen up, once before each painting.
  measure(origin) {
    const box = this.picture.getBoundingClientRect();
    this.box = { x: box.left - origin.left, y: box.top - origin.top, width: box.width, height: box.height };
  }

  get fitting() {
    const room = ["width", "height"].map((name, axis) => (this.box[name] - 2 * MARGIN) / this.size[axis]);
    return Math.max(1e-6, Math.min(...room, Math.max(1, ENLARGED / Math.max(...this.size))));
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
    this.zoom = 1;
    this.center = [0.5, 0.5];
    this.motion = null;
    this.aligned = false;
    this.frame = 0;
    root.classList.add("is-live");
    this.map.style.width = `${this.first.size[0]}px`;
    this.map.style.height = `${this.first.size[1]}px`;
    holdHands(this);
    new ResizeObserver(() => this.paint()).observe(this.view);
  }

  get mode() {
    return this.root.dataset.mode;
  }

  get stacked() {
    return this.mode !== "side";
  }

  get isFit() {
    return this.zoom <= 1.001;
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
    this.keepInSight();
    const first = this.placeFirst();
    const second = this.stacked ? this.placeOver(first) : this.placeBeside(first);
    this.first.image.style.transform = asCss(first);
    this.second.image.style.transform = asCss(second);
    this.map.style.transform = asCss(multiply(moving(1, this.first.box.x, this.first.box.y), first));
    this.placed = { first, second };
    this.readout.textContent = `${Math.round(this.scale * (window.devicePixelRatio || 1) * 100)} %`;
    this.root.classList.toggle("is-zoomed", !this.isFit);
    this.marks.draw(this);
  }

  // Screen pixels per pixel of the first image.
  get scale() {
    return this.first.fitting * this.zoom;
  }

  keepInSight() {
    const { box, size } = this.first;
    for (const [axis, name] of [[0, "width"], [1, "height"]]) {
      const shown = size[axis] * this.scale;
      const half = Math.min(0.5, box[name] / 2 / shown);
      this.center[axis] = clamp(this.center[axis], half, 1 - half);
    }
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
    if (!this.between) return this.placeAt(this.second, this.second.fitting * this.zoom, this.center);
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
  zoomTo(zoom, x = null, y = null) {
    const next = clamp(zoom, 1, Math.max(2, MOST / this.first.fitting));
    const pane = x === null ? this.first : this.paneAt(x, y);
    const offset = x === null ? [0, 0] : [x - pane.box.x - pane.box.width / 2, y - pane.box.y - pane.box.height / 2];
    this.shift(pane, offset, 1);
    this.zoom = next;
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
    const scale = pane === this.second ? pane.fitting * this.zoom : this.scale;
    this.center[0] += (sign * dx) / (scale * pane.size[0]);
    this.center[1] += (sign * dy) / (scale * pane.size[1]);
  }

  fit() {
    this.zoom = 1;
    this.center = [0.5, 0.5];
    this.paint();
  }

  // One pixel of the first image per screen pixel, at least twice as large as fitting; or back.
  toggle(x = null, y = null) {
    const actual = 1 / (window.devicePixelRatio || 1) / this.first.fitting;
    if (this.isFit) this.zoomTo(Math.max(actual, 2), x, y);
    else this.fit();
  }
}
