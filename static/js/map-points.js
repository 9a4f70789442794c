// The points of the map as typed arrays, read from the server's binary form, and questions about them.
const LEVELS = 16;

// Binary answers: length of the head (uint32), the head as JSON, then what it describes.
export function readHead(buffer) {
  const length = new DataView(buffer).getUint32(0, true);
  return { head: JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length))), start: 4 + length };
}

export class Points {
  constructor(buffer) {
    const { head, start } = readHead(buffer);
    const num = head.num;
    this.num = num;
    this.numVisible = head.num_visible;
    this.numOnMap = head.num_on_map;
    this.groups = head.groups;
    this.ids = new Float64Array(buffer, start, num);
    this.x = new Float32Array(buffer, start + 8 * num, num);
    this.y = new Float32Array(buffer, start + 12 * num, num);
    this.group = new Uint16Array(buffer, start + 16 * num, num);
    this.shown = new Uint8Array(this.groups.length).fill(1);
    this.place = new Map();
    for (let i = 0; i < num; i++) this.place.set(this.ids[i], i);
    this.levels = makeLevels(this);
  }

  get bounds() {
    const bounds = { left: Infinity, top: Infinity, right: -Infinity, bottom: -Infinity };
    for (let i = 0; i < this.num; i++) {
      if (this.x[i] < bounds.left) bounds.left = this.x[i];
      if (this.x[i] > bounds.right) bounds.right = this.x[i];
      if (this.y[i] < bounds.top) bounds.top = this.y[i];
      if (this.y[i] > bounds.bottom) bounds.bottom = this.y[i];
    }
    return this.num ? bounds : { left: -1, top: -1, right: 1, bottom: 1 };
  }

  isShown(i) {
    return this.shown[this.group[i]] === 1;
  }

  // The shown point nearest to a place of the map, at most `reach` away; -1: none.
  nearest(x, y, reach) {
    let best = -1;
    let least = reach * reach;
    for (let i = 0; i < this.num; i++) {
      const apart = (this.x[i] - x) ** 2 + (this.y[i] - y) ** 2;
      if (apart <= least && this.isShown(i)) {
        best = i;
        least = apart;
      }
    }
    return best;
  }

  // Ids of the shown points inside a polygon of map places, by the even-odd rule.
  inside(polygon) {
    const xs = polygon.map((corner) => corner.x);
    const ys = polygon.map((corner) => corner.y);
    const [left, right, top, bottom] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
    return this.#where((i) => {
      const [x, y] = [this.x[i], this.y[i]];
      if (x < left || x > right || y < top || y > bottom) return false;
      let isInside = false;
      for (let a = 0, b = xs.length - 1; a < xs.length; b = a++) {
        const crosses = ys[a] > y !== ys[b] > y && x < ((xs[b] - xs[a]) * (y - ys[a])) / (ys[b] - ys[a]) + xs[a];
        if (crosses) isInside = !isInside;
      }
      return isInside;
    });
  }

  inBox({ left, top, right, bottom }) {
    return this.#where((i) => this.x[i] >= left && this.x[i] <= right && this.y[i] >= top && this.y[i] <= bottom);
  }

  inGroup(group) {
    return this.#where((i) => this.group[i] === group, true);
  }

  #where(isMeant, hiddenToo = false) {
    const found = [];
    for (let i = 0; i < this.num; i++) if ((hiddenToo || this.isShown(i)) && isMeant(i)) found.push(this.ids[i]);
    return found;
  }
}

// For each point the coarsest grid in which it stands for its cell: level k cuts the map into 2^k x 2^k cells. Which
// point that is depends on its id alone, so thumbnails neither flicker nor jump while the map moves.
function makeLevels(points) {
  const { left, top, right, bottom } = points.bounds;
  const span = Math.max(right - left, bottom - top) || 1;
  const order = Uint32Array.from({ length: points.num }, (_, i) => i);
  // Knuth's multiplicative hash: neighboring ids, often uploaded together, get ranks far apart.
  const chance = Float64Array.from(points.ids, (id) => (Math.imul(id, 2654435761) ^ (id >>> 7)) >>> 0);
  order.sort((a, b) => chance[a] - chance[b]);
  const taken = Array.from({ length: LEVELS }, () => new Set());
  const levels = new Uint8Array(points.num);
  for (const i of order) {
    const [x, y] = [(points.x[i] - left) / span, (points.y[i] - top) / span];
    const cell = (level) => Math.floor(x * 2 ** level) * 2 ** LEVELS * 2 + Math.floor(y * 2 ** level);
    let level = 0;
    while (level < LEVELS && taken[level].has(cell(level))) level++;
    levels[i] = level;
    for (; level < LEVELS; level++) taken[level].add(cell(level));
  }
  return levels;
}
