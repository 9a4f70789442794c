// Keypoints that match, drawn over both images wherever these are shown: lines between two panes, or dots on one.
import { apply } from "./pair-geometry.js";

export class Marks {
  constructor(svg) {
    this.svg = svg;
    this.shown = false;
    this.found = { points: [], others: [], polygon: [] };
    this.paths = {};
    for (const name of ["others", "lines", "dots", "area"]) {
      const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
      path.classList.add(`keypoint-${name}`);
      this.paths[name] = svg.appendChild(path);
    }
  }

  set(found) {
    this.found = { points: [], others: [], polygon: [], ...found };
  }

  draw(stage) {
    this.svg.toggleAttribute("hidden", !this.shown);
    if (!this.shown) return;
    const on = (pane, placed) => (u, v) => {
      const [x, y] = apply(placed, [u * pane.size[0], v * pane.size[1]]);
      return [(pane.box.x + x).toFixed(1), (pane.box.y + y).toFixed(1)].join(" ");
    };
    const first = on(stage.first, stage.placed.first);
    const second = on(stage.second, stage.placed.second);
    const line = ([a, b, c, d]) => `M${first(a, b)}L${second(c, d)}`;
    const { points, others, polygon } = this.found;
    this.paths.lines.setAttribute("d", points.map(line).join(""));
    this.paths.others.setAttribute("d", stage.stacked ? "" : others.map(line).join(""));
    this.paths.dots.setAttribute("d", points.map(([a, b, c, d]) => `M${first(a, b)}h0M${second(c, d)}h0`).join(""));
    this.paths.area.setAttribute("d", polygon.length ? `M${polygon.map((corner) => second(...corner)).join("L")}Z` : "");
  }
}
