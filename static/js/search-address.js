// A search as its URL says it. Pure: a state in, a query string out, and back.
// state = {examples: [[name, value]], words, unlikeWords, weights: {method: 0..1}, min, max, k, collection, view, areas, judged, order}; "" and neutral values are left out.

const EXAMPLES = ["image", "query", "box", "like", "unlike"];
const examplesOf = (parameters) => [...parameters].filter(([name]) => EXAMPLES.includes(name));

// Returns the query string `now` with the examples of the query string `asked`. Weights of words alone stay behind.
export function withExamples(now, asked) {
  const before = new URLSearchParams(now);
  const alone = !examplesOf(before).length;
  const rest = [...before].filter(([name]) => !EXAMPLES.includes(name) && name !== "k" && !(alone && name.startsWith("w_")));
  return new URLSearchParams([...examplesOf(new URLSearchParams(asked)), ...rest]).toString();
}

export function writeAddress(state) {
  const parameters = new URLSearchParams();
  for (const [name, value] of state.examples) parameters.append(name, value);
  if (state.unlikeWords) parameters.set("unlike_q", state.unlikeWords);
  if (state.words) parameters.set("q", state.words);
  for (const [method, weight] of Object.entries(state.weights)) parameters.set(`w_${method}`, String(weight));
  if (Number(state.min) > 0) parameters.set("min", String(state.min));
  if (state.max !== "" && Number(state.max) < 100) parameters.set("max", String(state.max));
  if (state.collection) parameters.set("collection", state.collection);
  if (state.k) parameters.set("k", String(state.k));
  if (state.view && state.view !== "grid") parameters.set("view", state.view);
  if (state.areas === "off") parameters.set("areas", state.areas);
  if (state.judged && state.judged !== "show") parameters.set("judged", state.judged);
  if (state.order) parameters.set("order", state.order);
  return parameters.toString();
}

// `presets` is {name: {method: weight}}; `fallback` names the one that counts where the URL says nothing.
export function readAddress(text, presets, fallback) {
  const parameters = new URLSearchParams(text);
  const weights = { ...(presets[parameters.get("preset")] ?? presets[fallback]) };
  for (const method of Object.keys(weights)) {
    const weight = Number.parseFloat(parameters.get(`w_${method}`));
    if (weight >= 0 && weight <= 1) weights[method] = weight;
  }
  return {
    examples: examplesOf(parameters),
    unlikeWords: parameters.get("unlike_q") ?? "",
    words: parameters.get("q") ?? "",
    weights,
    min: Number(parameters.get("min") ?? 0),
    max: Number(parameters.get("max") || 100),
    k: parameters.get("k") ?? "",
    collection: parameters.get("collection") ?? "",
    view: parameters.get("view") || "grid",
    areas: parameters.get("areas") || "on",
    judged: parameters.get("judged") || "show",
    order: parameters.get("order") || "",
  };
}
