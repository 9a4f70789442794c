// How groups look: seven colors that color-blind people can tell apart, times four shapes; gray for what has no group.
// The colors are those of static/css/map.css, which knows light and dark.
const NUM_COLORS = 7;
const SHAPES = ["circle", "square", "diamond", "triangle"];

// The outline of a shape of size 1 around (0, 0), as the drawing of both SVG and canvas.
const PATHS = {
  circle: "M-1 0A1 1 0 1 0 1 0A1 1 0 1 0 -1 0Z",
  square: "M-.86-.86H.86V.86H-.86Z",
  diamond: "M0-1.2 1.2 0 0 1.2-1.2 0Z",
  triangle: "M0-1.15 1.15.85H-1.15Z",
};

export class Looks {
  constructor(stage) {
    this.stage = stage;
    this.stamps = new Map();
    this.refresh();
  }

  // Colors change with the theme.
  refresh() {
    const probe = document.createElement("span");
    probe.hidden = true;
    this.stage.append(probe);
    const read = (name) => {
      probe.style.color = `var(${name})`;
      return getComputedStyle(probe).color;
    };
    this.colors = Array.from({ length: NUM_COLORS }, (_, number) => read(`--map-${number + 1}`));
    this.plain = read("--map-plain");
    this.edge = read("--map-edge");
    this.accent = read("--accent");
    this.surface = read("--surface");
    this.mat = read("--mat");
    probe.remove();
    this.stamps.clear();
  }

  color(groups, number) {
    return groups[number].kind && groups.length > 1 ? this.plain : this.colors[number % NUM_COLORS];
  }

  shape(groups, number) {
    return groups[number].kind ? SHAPES[0] : SHAPES[Math.floor(number / NUM_COLORS) % SHAPES.length];
  }

  svgPath(groups, number) {
    return PATHS[this.shape(groups, number)];
  }

  // A small picture of a group's dot, drawn once and then copied.
  stamp(groups, number, radius, ratio, isSelected) {
    const key = [this.color(groups, number), this.shape(groups, number), radius, ratio, isSelected].join();
    if (!this.stamps.has(key)) this.stamps.set(key, this.#draw(groups, number, radius, ratio, isSelected));
    return this.stamps.get(key);
  }

  #draw(groups, number, radius, ratio, isSelected) {
    const half = Math.ceil((radius * 1.3 + (isSelected ? 4 : 1)) * ratio);
    const canvas = new OffscreenCanvas(2 * half, 2 * half);
    const pen = canvas.getContext("2d");
    pen.translate(half, half);
    pen.scale(radius * ratio, radius * ratio);
    const path = new Path2D(PATHS[this.shape(groups, number)]);
    if (isSelected) {
      pen.lineWidth = 6 / radius;
      pen.strokeStyle = this.accent;
      pen.stroke(path);
      pen.lineWidth = 2.4 / radius;
      pen.strokeStyle = this.surface;
      pen.stroke(path);
    } else {
      pen.lineWidth = 1.6 / radius;
      pen.strokeStyle = this.edge;
      pen.stroke(path);
    }
    pen.fillStyle = this.color(groups, number);
    pen.fill(path);
    return canvas;
  }
}
