// The card beside a point: the photograph and its name, loaded when the pointer rests there for a moment.
import { paintTones } from "./tones.js";

const REST_MS = 110;
const MOST_KEPT = 200;
const GAP = 14;

export class Card {
  #timer = 0;
  #kept = new Map();

  constructor(element, url) {
    this.element = element;
    this.url = url;
    this.id = 0;
  }

  // Shows the card of an image at a place of the stage; `named` is told the image's name.
  show(id, x, y, view, named = () => {}) {
    if (id === this.id) return this.#put(x, y, view);
    this.hide();
    this.id = id;
    this.#timer = setTimeout(async () => {
      const text = this.#kept.get(id) ?? (await this.#load(id));
      if (this.id !== id || !text) return;
      this.element.innerHTML = text;
      this.element.hidden = false;
      paintTones(this.element);
      this.#put(x, y, view);
      named(this.element.querySelector("[data-name]").dataset.name);
    }, REST_MS);
  }

  hide() {
    clearTimeout(this.#timer);
    this.id = 0;
    this.element.hidden = true;
  }

  async #load(id) {
    const response = await fetch(this.url.replace("/0/", `/${id}/`)).catch(() => null);
    if (!response?.ok) return "";
    const text = await response.text();
    if (this.#kept.size >= MOST_KEPT) this.#kept.clear();
    this.#kept.set(id, text);
    return text;
  }

  // To the side of the point that has more room.
  #put(x, y, view) {
    const { offsetWidth, offsetHeight } = this.element;
    const left = x > view.width / 2 ? x - offsetWidth - GAP : x + GAP;
    const top = Math.max(4, Math.min(view.height - offsetHeight - 4, y - offsetHeight / 2));
    this.element.style.transform = `translate(${Math.round(Math.max(4, left))}px, ${Math.round(top)}px)`;
  }
}
