// A part of an image as fractions of its sides: {left, top, width, height}. Pure: numbers in, numbers out.
const LEAST = 0.01;
const STEP = 0.01;
const between = (low, value, high) => Math.min(Math.max(value, low), high);

// Returns the box within the image: no side is lost, and none reaches beyond it.
export function keptBox({ left, top, width, height }) {
  const kept = { left: between(0, left, 1 - LEAST), top: between(0, top, 1 - LEAST) };
  return { ...kept, width: between(LEAST, width, 1 - kept.left), height: between(LEAST, height, 1 - kept.top) };
}

// Returns the box between two corners {x, y}, in whichever direction it was drawn.
export function drawnBox(one, other) {
  const [x1, x2] = [one.x, other.x].map((x) => between(0, x, 1)).sort((a, b) => a - b);
  const [y1, y2] = [one.y, other.y].map((y) => between(0, y, 1)).sort((a, b) => a - b);
  return keptBox({ left: x1, top: y1, width: x2 - x1, height: y2 - y1 });
}

// Returns the box after an arrow key: moved, or with `sized` larger or smaller; null for other keys.
export function movedBox(box, key, sized) {
  const [x, y] = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] }[key] ?? [];
  if (x === undefined) return null;
  if (sized) return keptBox({ ...box, width: box.width + x, height: box.height + y });
  const left = between(0, box.left + x, 1 - box.width);
  return { ...box, left, top: between(0, box.top + y, 1 - box.height) };
}

// Returns "0.1,0.2,0.3,0.4", in thousandths.
export function boxText({ left, top, width, height }) {
  return [left, top, width, height].map((value) => Math.round(1000 * value) / 1000).join(",");
}

export function readBox(text) {
  const [left, top, width, height] = (text || "").split(",").map(Number);
  return height > 0 ? { left, top, width, height } : null;
}
