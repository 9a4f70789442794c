// Zoom and pan, for the image page, the map, a pair of images and the reading page: a `Viewport` keeps which part of
// the content is shown, `Gestures` hears pointers and wheels, and the rest binds buttons and keys. Nothing here is
// animated, so there is no motion to reduce; where a page adds a transition, its style sheet heeds that wish.
import { onKey } from "./keys.js";

const CLICK_REACH = 4;
const LEAST_ROOM = 40;
const LOOK_ZOOM = 5;
const WHEEL = { pixels: 1 / 400, lines: 1 / 20 };
const ARROWS = { ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

export const clamp = (value, low, high) => Math.min(high, Math.max(low, value));

// `scale` is screen pixels per unit of the content, `x` and `y` the place of the content in the middle of the stage.
export class Viewport {
  width = 1;
  height = 1;
  scale = 1;
  x = 0;
  y = 0;
  isFit = true;

  // `bounds` of the content; `margin` around it where all of it is shown; `enlarged`: the side to which small content
  // grows at most then; `limits` tells the least and largest scale from the one that fits. What `fills` leaves no gap
  // at an edge; otherwise the middle of the stage stays over the content.
  constructor({ bounds, margin = 0, enlarged = Infinity, limits, fills = false }) {
    Object.assign(this, { bounds, margin, enlarged, limits, fills });
  }

  static of(width, height, options) {
    return new Viewport({ bounds: { left: 0, top: 0, right: width, bottom: height }, ...options });
  }

  // With `keepsZoom` the content shrinks and grows with the stage; otherwise it keeps its scale.
  resize(width, height, { keepsZoom = false } = {}) {
    const fitBefore = this.fitScale;
    Object.assign(this, { width, height });
    if (this.isFit) this.fit();
    else if (keepsZoom) this.scale *= this.fitScale / fitBefore;
    this.keepInSight();
  }

  get span() {
    const { left, top, right, bottom } = this.bounds;
    return Math.max(right - left, bottom - top) || 1;
  }

  get fitScale() {
    const { left, top, right, bottom } = this.bounds;
    const along = (size, content) => Math.max(size - 2 * this.margin, LEAST_ROOM) / (content || this.span);
    const room = Math.min(along(this.width, right - left), along(this.height, bottom - top));
    return Math.min(room, Math.max(1, this.enlarged / this.span));
  }

  // How many times larger than fitting.
  get zoom() {
    return this.scale / this.fitScale;
  }

  fit() {
    const { left, top, right, bottom } = this.bounds;
    this.scale = this.fitScale;
    this.x = (left + right) / 2;
    this.y = (top + bottom) / 2;
    this.isFit = true;
  }

  // Brings a place to the middle, close enough to see what lies around it.
  lookAt(x, y) {
    this.setScale(this.fitScale * LOOK_ZOOM);
    this.moveTo(x, y);
  }

  moveTo(x, y) {
    Object.assign(this, { x, y });
    this.keepInSight();
  }

  // The middle stays where it is.
  setScale(scale) {
    this.scale = clamp(scale, ...this.limits(this.fitScale));
    this.isFit = this.fills && this.zoom <= 1.001; // dividing leaves a rest
  }

  // What is under (x, y) of the stage stays under it.
  zoomBy(factor, x = this.width / 2, y = this.height / 2) {
    const at = this.toContent(x, y);
    this.setScale(this.scale * factor);
    this.moveTo(at.x - (x - this.width / 2) / this.scale, at.y - (y - this.height / 2) / this.scale);
  }

  // Leads to one unit of the content per screen pixel, or to twice as large as fitting.
  get enlarging() {
    return Math.max(actualScale(), 2 * this.fitScale) / this.scale;
  }

  toggle(x, y) {
    if (this.isFit) this.zoomBy(this.enlarging, x, y);
    else this.fit();
  }

  panBy(dx, dy) {
    this.isFit &&= this.fills;
    this.moveTo(this.x - dx / this.scale, this.y - dy / this.scale);
  }

  toContent(x, y) {
    return { x: this.x + (x - this.width / 2) / this.scale, y: this.y + (y - this.height / 2) / this.scale };
  }

  toStage(x, y) {
    return [(x - this.x) * this.scale + this.width / 2, (y - this.y) * this.scale + this.height / 2];
  }

  keepInSight() {
    const { left, top, right, bottom } = this.bounds;
    const inside = (at, from, to, room) => {
      const half = this.fills ? Math.min((to - from) / 2, room / 2 / this.scale) : 0;
      return clamp(at, from + half, to - half);
    };
    this.x = inside(this.x, left, right, this.width);
    this.y = inside(this.y, top, bottom, this.height);
  }
}

const actualScale = () => 1 / (window.devicePixelRatio || 1);

export const percent = (scale) => `${Math.round((scale / actualScale()) * 100)} %`;

const UNASKED = { accepts: () => true, isFit: () => false, grab() {}, pinch() {}, release() {}, end() {}, hover() {} };
const span = ([a, b]) => Math.hypot(a[0] - b[0], a[1] - b[1]) || 1;
const middle = ([a, b]) => [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];

export class Gestures {
  #places = new Map();
  hasMoved = false; // since the first pointer went down: then the click that follows is none

  // `does`: drag(dx, dy, x, y), which answers false where nothing can be dragged, and zoom(factor, x, y); where wanted
  // also accepts(event), isFit() (then a wheel that turns outwards scrolls the page), grab(event, x, y) for the first
  // pointer, pinch() when a second one joins it, release(event, x, y) for the last one, end() when none is left, and
  // hover(x, y or nothing) of a mouse. Places count from the corner of `stage`.
  constructor(element, does, stage = element) {
    Object.assign(this, { stage, does: { ...UNASKED, ...does } });
    element.addEventListener("pointerdown", (event) => this.#down(event));
    element.addEventListener("pointermove", (event) => this.#move(event, element));
    element.addEventListener("pointerup", (event) => this.#up(event));
    element.addEventListener("pointercancel", (event) => this.#end(event));
    element.addEventListener("pointerleave", (event) => {
      this.#end(event); // a pointer that was never dragged is not captured, and may go up elsewhere
      this.does.hover();
    });
    element.addEventListener("dragstart", (event) => event.preventDefault()); // the browser would drag the picture
    // Not passive, so that a turn of the wheel can be kept from scrolling the page.
    stage.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
  }

  at(event) {
    const box = this.stage.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  #down(event) {
    if (event.button !== 0 || !this.does.accepts(event)) return;
    const place = this.at(event);
    this.#places.set(event.pointerId, place);
    this.hasMoved = this.#places.size > 1;
    if (this.hasMoved) this.does.pinch();
    else this.does.grab(event, ...place);
  }

  #move(event, element) {
    const [x, y] = this.at(event);
    const from = this.#places.get(event.pointerId);
    if (!from) {
      if (event.pointerType === "mouse") this.does.hover(...(this.does.accepts(event) ? [x, y] : []));
      return;
    }
    this.hasMoved ||= Math.hypot(x - from[0], y - from[1]) > CLICK_REACH;
    if (!this.hasMoved) return;
    if (this.#places.size > 1) {
      this.#pinch(event.pointerId, [x, y]);
      return;
    }
    if (this.does.drag(x - from[0], y - from[1], x, y) === false) return;
    this.#places.set(event.pointerId, [x, y]);
    element.setPointerCapture(event.pointerId); // not before: a link that captures nothing still gets its click
    this.stage.classList.add("is-panning");
  }

  #pinch(id, place) {
    const before = [...this.#places.values()].slice(0, 2);
    this.#places.set(id, place);
    const after = [...this.#places.values()].slice(0, 2);
    const [[fromX, fromY], [toX, toY]] = [middle(before), middle(after)];
    this.does.drag(toX - fromX, toY - fromY, toX, toY);
    this.does.zoom(span(after) / span(before), toX, toY);
  }

  #up(event) {
    if (this.#places.has(event.pointerId) && this.#places.size === 1) this.does.release(event, ...this.at(event));
    this.#end(event);
  }

  #end(event) {
    if (!this.#places.delete(event.pointerId)) return;
    this.stage.classList.remove("is-panning");
    if (!this.#places.size) this.does.end();
  }

  #wheel(event) {
    if (!this.does.accepts(event) || (this.does.isFit() && event.deltaY > 0 && !event.ctrlKey)) return;
    event.preventDefault();
    const unit = event.deltaMode === WheelEvent.DOM_DELTA_PIXEL ? WHEEL.pixels : WHEEL.lines;
    // A pinch on a trackpad comes as a wheel with the control key, in small steps.
    const turn = clamp(-event.deltaY * unit * (event.ctrlKey ? 4 : 1), -1, 1);
    this.does.zoom(Math.exp(turn), ...this.at(event)); // so that as much back leads to where it was
  }
}

export function bindZoomButtons(root, zooms) {
  for (const button of root.querySelectorAll("[data-zoom]")) {
    button.addEventListener("click", () => zooms[button.dataset.zoom]());
  }
}

// `actions` names the action of the table of keys for each zoom, and `run` does what a key asks for.
export function bindZoomKeys(zooms, actions, run = (zoom) => zoom()) {
  for (const [name, action] of Object.entries(actions)) onKey(action, () => run(zooms[name]));
}

// How far an arrow key moves the content.
export const arrowStep = (event, step) => ARROWS[event.key].map((direction) => direction * step);
