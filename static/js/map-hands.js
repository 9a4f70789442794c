// What fingers, mouse and wheel do on the stage: move, pinch, zoom, draw a lasso, point and click.
const CLICK_REACH = 4;
const WHEEL = { pixels: 1 / 400, lines: 1 / 20 };

export class Hands {
  #pointers = new Map();
  #moved = false;
  #lasso = null;

  // `does`: pan(dx, dy), zoom(factor, x, y), lasso(path or null), lassoed(path, adds), point(x, y or nothing),
  // click(x, y, adds); `wantsLasso` tells whether the lasso button is pressed.
  constructor(stage, does, wantsLasso) {
    Object.assign(this, { stage, does, wantsLasso });
    stage.addEventListener("pointerdown", (event) => this.#down(event));
    stage.addEventListener("pointermove", (event) => this.#move(event));
    stage.addEventListener("pointerup", (event) => this.#up(event));
    stage.addEventListener("pointercancel", (event) => this.#end(event));
    stage.addEventListener("pointerleave", () => does.point());
    stage.addEventListener("dblclick", (event) => this.#isOurs(event) && does.zoom(2, ...this.#at(event)));
    stage.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
  }

  // Gives up a lasso that is being drawn; tells whether there was one.
  cancel() {
    const was = this.#lasso !== null;
    this.#lasso = null;
    this.does.lasso(null);
    return was;
  }

  #isOurs(event) {
    return !event.target.closest("button, a, .map-card, .map-note");
  }

  #at(event) {
    const box = this.stage.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  #down(event) {
    if (event.button !== 0 || !this.#isOurs(event)) return;
    this.stage.setPointerCapture(event.pointerId);
    this.#pointers.set(event.pointerId, this.#at(event));
    if (this.#pointers.size > 1) {
      this.cancel();
      this.#moved = true;
      return;
    }
    this.#moved = false;
    if (this.wantsLasso() || event.shiftKey) this.#lasso = [this.#at(event)];
  }

  #move(event) {
    const [x, y] = this.#at(event);
    const from = this.#pointers.get(event.pointerId);
    if (!from) {
      if (event.pointerType === "mouse") this.does.point(...(this.#isOurs(event) ? [x, y] : []));
      return;
    }
    this.#moved ||= Math.hypot(x - from[0], y - from[1]) > CLICK_REACH;
    if (!this.#moved) return;
    if (this.#pointers.size > 1) this.#pinch(event.pointerId, [x, y]);
    else if (this.#lasso) {
      this.#lasso.push([x, y]);
      this.does.lasso(this.#lasso);
      this.#pointers.set(event.pointerId, [x, y]);
    } else {
      this.stage.classList.add("is-panning");
      this.does.pan(x - from[0], y - from[1]);
      this.#pointers.set(event.pointerId, [x, y]);
    }
  }

  #pinch(id, place) {
    const before = [...this.#pointers.values()].slice(0, 2);
    this.#pointers.set(id, place);
    const after = [...this.#pointers.values()].slice(0, 2);
    const span = ([a, b]) => Math.hypot(a[0] - b[0], a[1] - b[1]) || 1;
    const middle = ([a, b]) => [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];
    const [[fromX, fromY], [toX, toY]] = [middle(before), middle(after)];
    this.does.pan(toX - fromX, toY - fromY);
    this.does.zoom(span(after) / span(before), toX, toY);
  }

  #up(event) {
    const started = this.#pointers.has(event.pointerId) && this.#pointers.size === 1;
    const path = this.#lasso;
    this.#end(event);
    if (!started) return;
    const adds = event.ctrlKey || event.metaKey;
    if (path && this.#moved) this.does.lassoed(path, adds);
    else if (!this.#moved) this.does.click(...this.#at(event), adds || event.shiftKey, event.pointerType !== "mouse");
  }

  #end(event) {
    this.#pointers.delete(event.pointerId);
    this.stage.classList.remove("is-panning");
    if (!this.#pointers.size) this.cancel();
  }

  #wheel(event) {
    if (!this.#isOurs(event)) return;
    event.preventDefault();
    const unit = event.deltaMode === WheelEvent.DOM_DELTA_PIXEL ? WHEEL.pixels : WHEEL.lines;
    const turn = Math.max(-1, Math.min(1, -event.deltaY * unit * (event.ctrlKey ? 4 : 1)));
    this.does.zoom(Math.exp(turn), ...this.#at(event));
  }
}
