// Which part of the map the stage shows: `scale` is screen pixels per unit of the map, `x` and `y` its middle.
const MOST_ZOOM = 400;
const MARGIN = 36;
const LOOK_ZOOM = 5;

export class Camera {
  constructor() {
    this.width = this.height = 1;
    this.bounds = { left: -1, top: -1, right: 1, bottom: 1 };
    this.scale = 1;
    this.x = this.y = 0;
    this.isFit = true;
  }

  resize(width, height) {
    this.width = width;
    this.height = height;
    if (this.isFit) this.fit();
  }

  setBounds(bounds) {
    this.bounds = bounds;
  }

  get span() {
    const { left, top, right, bottom } = this.bounds;
    return Math.max(right - left, bottom - top) || 1;
  }

  get fitScale() {
    const { left, top, right, bottom } = this.bounds;
    const room = (size) => Math.max(size - 2 * MARGIN, 40);
    return Math.min(room(this.width) / (right - left || this.span), room(this.height) / (bottom - top || this.span));
  }

  fit() {
    const { left, top, right, bottom } = this.bounds;
    this.scale = this.fitScale;
    this.x = (left + right) / 2;
    this.y = (top + bottom) / 2;
    this.isFit = true;
  }

  // Brings a place of the map to the middle, close enough to see what lies around it.
  lookAt(x, y) {
    this.scale = this.fitScale * LOOK_ZOOM;
    this.x = x;
    this.y = y;
    this.isFit = false;
  }

  // How much closer than the whole map.
  get zoom() {
    return this.scale / this.fitScale;
  }

  // The point of the map under (x, y) of the stage stays under it.
  zoomBy(factor, x = this.width / 2, y = this.height / 2) {
    const at = this.toMap(x, y);
    this.scale = Math.min(this.fitScale * MOST_ZOOM, Math.max(this.fitScale / 2, this.scale * factor));
    this.x = at.x - (x - this.width / 2) / this.scale;
    this.y = at.y - (y - this.height / 2) / this.scale;
    this.isFit = false;
    this.#keepNear();
  }

  panBy(x, y) {
    this.x -= x / this.scale;
    this.y -= y / this.scale;
    this.isFit = false;
    this.#keepNear();
  }

  toMap(x, y) {
    return { x: this.x + (x - this.width / 2) / this.scale, y: this.y + (y - this.height / 2) / this.scale };
  }

  // Nobody gets lost: the middle of the stage stays over the map.
  #keepNear() {
    const { left, top, right, bottom } = this.bounds;
    this.x = Math.min(right, Math.max(left, this.x));
    this.y = Math.min(bottom, Math.max(top, this.y));
  }
}
