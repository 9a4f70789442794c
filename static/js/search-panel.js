// The panel beside the answer: sliders with their number boxes, presets, the mix of weights, the sheet on phones.
import { mix, sameWeights, stack } from "./search-fusion.js";

const SVG = "http://www.w3.org/2000/svg";

// Draws a stacked bar again; `rectangles` as search-fusion.js lays them out.
export function drawBar(bar, rectangles, looks) {
  bar.replaceChildren(
    ...rectangles.map(({ method, x, width }) => {
      const rectangle = document.createElementNS(SVG, "rect");
      rectangle.setAttribute("x", x.toFixed(3));
      rectangle.setAttribute("width", width.toFixed(3));
      rectangle.setAttribute("height", "1");
      rectangle.setAttribute("fill", looks[method].color);
      return rectangle;
    }),
  );
}

export class Panel {
  // `changed` is called with true while a control moves and with false when it comes to rest.
  constructor(form, changed) {
    this.form = form;
    this.changed = changed;
    this.rows = [...form.querySelectorAll(".slider")];
    this.looks = Object.fromEntries(this.rows.map(({ dataset }) => [dataset.method, { color: dataset.color, label: dataset.label }]));
    this.methods = Object.keys(this.looks);
    this.presets = Object.fromEntries(
      [...form.querySelectorAll("[data-preset]")].map((chip) => [chip.value, JSON.parse(chip.dataset.preset)]),
    );
    // Methods that cannot be used here have no slider; their weights stay in the URL.
    this.hidden = Object.fromEntries(this.rows.map(({ dataset }) => [dataset.method, Number(dataset.weight)]));
    this.#listen();
    this.show();
  }

  get sliders() {
    return [...this.form.querySelectorAll(".slider input[type=range]")];
  }

  weights({ usable = false } = {}) {
    const weights = {};
    for (const row of this.rows) {
      const slider = row.querySelector("input[type=range]");
      if (slider) weights[row.dataset.method] = Number(slider.value);
      else if (!usable) weights[row.dataset.method] = this.hidden[row.dataset.method];
    }
    return weights;
  }

  limits() {
    return { min: Number(this.form.elements.min.value), max: Number(this.form.elements.max.value) };
  }

  state() {
    const value = (name) => this.form.elements[name]?.value ?? "";
    return {
      examples: [...this.form.querySelectorAll("[data-example-field]")].map((field) => [field.name, field.value]),
      words: value("q"),
      unlikeWords: value("unlike_q"),
      weights: this.weights(),
      ...this.limits(),
      collection: value("collection"),
      view: value("view"),
      areas: value("areas"),
      judged: value("judged"),
      order: value("order"),
    };
  }

  // Whether the weights are still those that count where a search names none.
  get untouched() {
    return sameWeights(this.weights(), Object.values(this.presets)[0]);
  }

  // Puts a state of search-address.js into the controls.
  restore(state) {
    this.setWeights(state.weights);
    this.form.elements.min.value = state.min;
    this.form.elements.max.value = state.max;
    this.form.elements.collection.value = state.collection;
    this.form.elements.view.value = state.view;
    this.form.elements.areas.value = state.areas;
    this.form.elements.judged.value = state.judged;
    this.form.elements.order.value = state.order;
    this.show();
  }

  setWeights(weights) {
    for (const row of this.rows) {
      const slider = row.querySelector("input[type=range]");
      const weight = weights[row.dataset.method] ?? 0;
      if (slider) slider.value = weight;
      this.hidden[row.dataset.method] = weight;
    }
    this.show();
  }

  // Brings everything that depends on the controls in line with them.
  show() {
    const usable = this.weights({ usable: true });
    const parts = mix(usable);
    for (const row of this.rows) {
      const slider = row.querySelector("input[type=range]");
      if (!slider) continue;
      row.querySelector("[data-percent]").textContent = `${Math.round(100 * parts[row.dataset.method])} %`;
      row.style.setProperty("--method", row.dataset.color);
    }
    for (const range of this.form.querySelectorAll("input[type=range]")) {
      const share = (range.value - range.min) / (range.max - range.min);
      range.style.setProperty("--fill", `${100 * share}%`);
      const twin = this.form.querySelector(`[data-twin="${range.id}"]`);
      if (twin && twin !== document.activeElement) twin.value = range.value;
    }
    drawBar(this.form.querySelector("[data-mix]"), stack(parts, this.methods), this.looks);
    const all = this.weights();
    for (const chip of this.form.querySelectorAll("[data-preset]")) {
      chip.setAttribute("aria-pressed", String(sameWeights(all, this.presets[chip.value])));
    }
    for (const note of this.form.querySelectorAll("[data-preset-note]")) {
      note.hidden = !sameWeights(all, this.presets[note.dataset.presetNote]);
    }
  }

  #listen() {
    this.form.addEventListener("input", ({ target }) => {
      if (target.dataset.twin) this.form.elements[target.dataset.twin].value = target.value || 0;
      this.#untangle(target);
      this.show();
      this.changed(true);
    });
    this.form.addEventListener("change", () => {
      this.show();
      this.changed(false);
    });
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (event.submitter?.dataset.preset) this.setWeights(this.presets[event.submitter.value]);
      this.changed(false);
    });
    document.getElementById("reset").addEventListener("click", (event) => {
      event.preventDefault();
      // The weights of a collection go with the collection.
      const [, weights] = Object.entries(this.presets).find(([name]) => name !== "collection");
      this.restore({ ...this.state(), weights, min: 0, max: 100, collection: "" });
      this.changed(false);
    });
    this.#sheet(document.getElementById("sheet"));
  }

  // "At least" never passes "at most": the one that is not being moved gives way.
  #untangle(moved) {
    const { min, max } = this.form.elements;
    if (Number(min.value) <= Number(max.value)) return;
    if (moved === max || moved.dataset.twin === "max") min.value = max.value;
    else max.value = min.value;
  }

  #sheet(button) {
    const set = (open) => {
      button.setAttribute("aria-expanded", String(open));
      this.form.classList.toggle("sheet-open", open);
    };
    button.addEventListener("click", () => set(button.getAttribute("aria-expanded") !== "true"));
    this.form.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || button.getAttribute("aria-expanded") !== "true") return;
      set(false);
      button.focus();
    });
  }
}
