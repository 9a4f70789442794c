// The arithmetic of search/scoring/fusion.py, for re-ranking what is already on the page. Pure: numbers in, numbers out.
// A rarity is 0..1, or null where a method has nothing to say about an image; missing is not zero.

// Returns {score, parts}: the weighted mean of the rarities present (null when no weighted method is present), and
// what each method adds to it; the parts add up to the score.
export function fuse(rarities, weights) {
  let total = 0;
  let present = 0;
  for (const [method, rarity] of Object.entries(rarities)) {
    const weight = weights[method] ?? 0;
    if (rarity === null || weight <= 0) continue;
    total += weight * rarity;
    present += weight;
  }
  if (present === 0) return { score: null, parts: {} };
  const parts = {};
  for (const [method, rarity] of Object.entries(rarities)) {
    const weight = weights[method] ?? 0;
    if (rarity !== null && weight > 0) parts[method] = (weight * rarity) / present;
  }
  return { score: total / present, parts };
}

// Returns the share of each method in the score, 0..1; all 0 where the score is 0.
export function shares({ score, parts }) {
  return Object.fromEntries(Object.entries(parts).map(([method, part]) => [method, score > 0 ? part / score : 0]));
}

// Returns the items, those that lead the most first, then highest score first; without a score last; equals keep the
// order they came in.
export function order(items, score, lead = () => 0) {
  const key = (item) => score(item) ?? -1;
  return items
    .map((item, position) => ({ item, position }))
    .sort((a, b) => lead(b.item) - lead(a.item) || key(b.item) - key(a.item) || a.position - b.position)
    .map(({ item }) => item);
}

// Returns the rectangles of a stacked bar of length 100: [{method, x, width}], in the order of `methods`.
export function stack(parts, methods) {
  const rectangles = [];
  let x = 0;
  for (const method of methods) {
    const width = 100 * (parts[method] ?? 0);
    if (width > 0) rectangles.push({ method, x, width });
    x += width > 0 ? width : 0;
  }
  return rectangles;
}

// Returns the weights as parts of 1; all 0 when none is above 0.
export function mix(weights) {
  const total = Object.values(weights).reduce((sum, weight) => sum + weight, 0);
  return Object.fromEntries(Object.entries(weights).map(([method, weight]) => [method, total > 0 ? weight / total : 0]));
}

// Tells whether two sets of weights say the same, up to the steps of the sliders.
export function sameWeights(one, other) {
  const methods = new Set([...Object.keys(one), ...Object.keys(other)]);
  return [...methods].every((method) => Math.abs((one[method] ?? 0) - (other[method] ?? 0)) < 5e-4);
}
