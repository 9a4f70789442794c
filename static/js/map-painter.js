// Paints the stage: dots, thumbnails over them where there is room, the lasso and the mark of the middle.
import { Dots } from "./map-dots.js";

const LEAST_THUMBNAIL = 20;
const MOST_THUMBNAIL = 112;
const THUMBNAIL_GROWTH = 0.7;
const CELL = 0.9; // of a thumbnail's side: neighbors overlap a little
const FADED = 0.3;
const MOST_ABOVE = 3000; // chosen dots that are drawn one by one
const PEN_CHANGES = { lasso: 1.5, frame: 2, chosen: 3 };

export class Painter {
  constructor(canvas, view, looks, sprites) {
    Object.assign(this, { canvas, view, looks, sprites });
    this.pen = canvas.getContext("2d", { alpha: false }); // opaque: nothing to blend with the page
    this.dots = new Dots();
    this.withThumbnails = true;
    this.boxes = []; // of the thumbnails painted last: what lies under the pointer
  }

  resize() {
    this.ratio = Math.min(devicePixelRatio || 1, 2); // more pixels than that cost time and show nothing
    this.canvas.width = Math.round(this.view.width * this.ratio);
    this.canvas.height = Math.round(this.view.height * this.ratio);
    this.dots.resize(Math.max(this.canvas.width, 1), Math.max(this.canvas.height, 1));
  }

  dotRadius(num) {
    const { width, height, zoom } = this.view;
    const base = Math.min(4.2, Math.max(1.4, 0.2 * Math.sqrt((width * height) / Math.max(num, 1))));
    return Math.round(2 * Math.min(7, base * zoom ** 0.25)) / 2;
  }

  thumbnailSide(num) {
    const { width, height, zoom } = this.view;
    const base = Math.min(56, Math.max(8, Math.sqrt((width * height) / Math.max(num, 1))));
    return Math.min(MOST_THUMBNAIL, base * Math.max(zoom, 0.5) ** THUMBNAIL_GROWTH);
  }

  // `scene`: points, where they are now (x, y), the selection, the point under the pointer, the lasso, the middle.
  paint(scene) {
    const { pen, view, ratio, looks } = this;
    if (!ratio) return; // points may be here before the first frame; once the stage has a size, all is painted
    pen.setTransform(1, 0, 0, 1, 0, 0);
    this.dots.clear(looks.mat);
    if (!scene.points) {
      this.dots.paint(pen);
      return;
    }
    const seen = this.#inSight(scene);
    const side = this.thumbnailSide(scene.points.num);
    const { plain, pictured } = this.#part(scene, seen, side);
    const chosen = this.#dots(scene, plain);
    this.dots.paint(pen);
    this.boxes = [];
    this.#thumbnails(scene, pictured, side);
    for (const i of chosen) this.#chosenDot(scene, i, this.dotRadius(scene.points.num));
    if (scene.hover >= 0) this.#hovered(scene);
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    if (scene.lasso) this.#lasso(scene.lasso);
    if (scene.showsMiddle) this.#middle(view.width / 2, view.height / 2);
  }

  #inSight({ points, x, y }) {
    const { view } = this;
    const [from, to] = [view.toContent(-60, -60), view.toContent(view.width + 60, view.height + 60)];
    const seen = [];
    for (let i = 0; i < points.num; i++) {
      if (x[i] >= from.x && x[i] <= to.x && y[i] >= from.y && y[i] <= to.y && points.isShown(i)) seen.push(i);
    }
    return seen;
  }

  // Which points get a thumbnail: those that stand for a cell of the grid whose cells are about as large as one.
  #part({ points }, seen, side) {
    this.sprites.forgetWishes();
    if (!this.withThumbnails || side < LEAST_THUMBNAIL) return { plain: seen, pictured: [] };
    const level = Math.floor(Math.log2((this.view.span * this.view.scale) / (CELL * side)));
    const [plain, pictured] = [[], []];
    for (const i of seen) (points.levels[i] <= level && this.sprites.get(points.ids[i]) ? pictured : plain).push(i);
    this.sprites.ask();
    return { plain, pictured };
  }

  #toScreen(scene, i) {
    const { view, ratio } = this;
    return [
      ((scene.x[i] - view.x) * view.scale + view.width / 2) * ratio,
      ((scene.y[i] - view.y) * view.scale + view.height / 2) * ratio,
    ];
  }

  // Puts dots on their layer and returns those chosen, which belong above everything.
  #dots(scene, those) {
    const { points, selected } = scene;
    const radius = this.dotRadius(points.num);
    const fades = selected.size > 0;
    const stamps = points.groups.map((_, number) => this.looks.stamp(points.groups, number, radius, this.ratio, false));
    const last = [];
    for (const i of those) {
      if (fades && selected.has(points.ids[i])) last.push(i);
      else this.dots.put(stamps[points.group[i]], ...this.#toScreen(scene, i), fades ? FADED : 1);
    }
    if (last.length <= MOST_ABOVE) return last;
    const chosen = points.groups.map((_, number) => this.looks.stamp(points.groups, number, radius, this.ratio, true));
    for (const i of last) this.dots.put(chosen[points.group[i]], ...this.#toScreen(scene, i), 1);
    return [];
  }

  #chosenDot(scene, i, radius) {
    const { groups, group } = scene.points;
    const stamp = this.looks.stamp(groups, group[i], radius, this.ratio, true);
    const [x, y] = this.#toScreen(scene, i);
    this.pen.drawImage(stamp, Math.round(x) - (stamp.width >> 1), Math.round(y) - (stamp.height >> 1));
  }

  #thumbnails(scene, those, side) {
    const { points, selected } = scene;
    const fades = selected.size > 0;
    const last = [];
    for (const i of those) {
      if (fades && selected.has(points.ids[i])) last.push(i);
      else this.#thumbnail(scene, i, side, fades ? FADED + 0.15 : 1, false);
    }
    for (const i of last) this.#thumbnail(scene, i, side, 1, true);
    this.pen.globalAlpha = 1;
  }

  #thumbnail(scene, i, side, alpha, isSelected) {
    const { pen, ratio, looks } = this;
    const { points } = scene;
    const bitmap = this.sprites.get(points.ids[i]);
    const [x, y] = this.#toScreen(scene, i);
    const size = (side * ratio) / Math.max(bitmap.width, bitmap.height);
    const [width, height] = [bitmap.width * size, bitmap.height * size];
    const frame = (isSelected ? PEN_CHANGES.chosen : PEN_CHANGES.frame) * ratio;
    const [left, top] = [Math.round(x - width / 2), Math.round(y - height / 2)];
    pen.globalAlpha = alpha;
    pen.drawImage(bitmap, left, top, width, height);
    pen.lineWidth = frame;
    pen.strokeStyle = isSelected ? looks.accent : looks.color(points.groups, points.group[i]);
    pen.strokeRect(left - frame / 2, top - frame / 2, width + frame, height + frame);
    this.boxes.push([i, left / ratio, top / ratio, (left + width) / ratio, (top + height) / ratio]);
  }

  #hovered(scene) {
    const box = this.boxes.find(([i]) => i === scene.hover);
    if (!box) {
      this.#chosenDot(scene, scene.hover, this.dotRadius(scene.points.num) + 2);
      return;
    }
    const { pen, ratio, looks } = this;
    pen.lineWidth = PEN_CHANGES.chosen * ratio;
    pen.strokeStyle = looks.accent;
    pen.strokeRect(box[1] * ratio, box[2] * ratio, (box[3] - box[1]) * ratio, (box[4] - box[2]) * ratio);
  }

  #lasso(path) {
    const { pen, looks } = this;
    pen.beginPath();
    for (const [x, y] of path) pen.lineTo(x, y);
    pen.closePath();
    pen.globalAlpha = 0.12;
    pen.fillStyle = looks.accent;
    pen.fill("evenodd");
    pen.globalAlpha = 1;
    pen.lineWidth = PEN_CHANGES.lasso;
    pen.strokeStyle = looks.accent;
    pen.stroke();
  }

  #middle(x, y) {
    const { pen, looks } = this;
    for (const [width, color] of [
      [4, looks.surface],
      [1.5, looks.accent],
    ]) {
      pen.lineWidth = width;
      pen.strokeStyle = color;
      pen.beginPath();
      for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
        pen.moveTo(x + 6 * dx, y + 6 * dy);
        pen.lineTo(x + 14 * dx, y + 14 * dy);
      }
      pen.stroke();
    }
  }

  // The point whose thumbnail, the topmost first, or whose dot lies under a place of the stage; -1: none.
  under(scene, x, y, reach) {
    for (let number = this.boxes.length - 1; number >= 0; number--) {
      const [i, left, top, right, bottom] = this.boxes[number];
      if (x >= left && x <= right && y >= top && y <= bottom) return i;
    }
    const at = this.view.toContent(x, y);
    return scene.points.nearest(at.x, at.y, (this.dotRadius(scene.points.num) + reach) / this.view.scale);
  }
}
