// The selection: which images, their list in the panel, and what can be done with them.
import { announce } from "./announce.js";
import { paintTones } from "./tones.js";

const PER_PAGE = 48;
// What serves only a certain number of images.
const ACTIONS = [
  ["similar", (number) => number === 1],
  ["compare", (number) => number === 2],
  ["merge", (number) => number > 1],
];
const form = document.getElementById("map-selection");
const tiles = document.getElementById("tiles");
const more = document.getElementById("more-tiles");
const count = form.querySelector(".actions-count");
const inGallery = document.getElementById("in-gallery");

export class Selection {
  ids = new Set();
  #numAsked = 0;
  #turn = 0;

  // `changed` is called after every change; `wish` tells an image of the list that pointer or focus rests on.
  constructor(changed, wish) {
    this.changed = changed;
    more.addEventListener("click", () => this.#load());
    form.addEventListener("click", (event) => this.#click(event));
    form.addEventListener("keydown", (event) => this.#enter(event));
    for (const name of ["pointerover", "focusin"]) {
      tiles.addEventListener(name, (event) => wish(Number(event.target.closest("[data-image]")?.dataset.image ?? 0)));
    }
    for (const name of ["pointerleave", "focusout"]) tiles.addEventListener(name, () => wish(0));
  }

  has(id) {
    return this.ids.has(id);
  }

  get size() {
    return this.ids.size;
  }

  set(ids, { adds = false } = {}) {
    this.ids = new Set(adds ? [...this.ids, ...ids] : ids);
    this.#show();
  }

  toggle(id) {
    if (!this.ids.delete(id)) this.ids.add(id);
    this.#show();
  }

  // Keeps what is still on the map.
  retain(isThere) {
    const kept = [...this.ids].filter(isThere);
    if (kept.length !== this.ids.size) this.set(kept);
  }

  clear() {
    const had = this.ids.size > 0;
    if (had) this.set([]);
    return had;
  }

  #show() {
    const number = this.ids.size;
    document.getElementById("selection-empty").hidden = number > 0;
    document.getElementById("selected").hidden = number === 0;
    form.classList.toggle("has-selection", number > 0);
    tiles.replaceChildren();
    this.#numAsked = 0;
    this.#turn++;
    this.#summarize();
    if (number) this.#load();
    this.changed();
  }

  #summarize() {
    const number = this.ids.size;
    const say = (one, many) => (number === 1 ? one : many.replace("%n", number));
    count.textContent = say(count.dataset.one, count.dataset.many);
    for (const [name, serves] of ACTIONS) form.querySelector(`.actions [data-${name}]`)?.toggleAttribute("hidden", !serves(number));
    const list = [...this.ids].join(",");
    document.getElementById("selected-ids").value = list;
    inGallery.hidden = number > Number(form.dataset.galleryImages);
    inGallery.href = `${form.dataset.gallery}${list}`;
    announce(number ? say(form.dataset.announceOne, form.dataset.announceMany) : form.dataset.announceNone);
  }

  async #load() {
    const turn = this.#turn;
    const ids = [...this.ids].slice(this.#numAsked, this.#numAsked + PER_PAGE);
    this.#numAsked += ids.length;
    more.hidden = true;
    const response = await fetch(`${form.dataset.tiles}?ids=${ids.join(",")}`).catch(() => null);
    const text = response?.ok ? await response.text() : "";
    if (turn !== this.#turn) return; // another selection was made meanwhile
    tiles.insertAdjacentHTML("beforeend", text);
    paintTones(tiles);
    more.hidden = this.#numAsked >= this.ids.size;
  }

  #click(event) {
    if (event.target.closest("[data-clear]")) {
      event.preventDefault();
      this.clear();
      document.getElementById("stage").focus();
    }
    if (event.target.closest("[data-similar]")) location.assign(`${form.dataset.search}${[...this.ids][0]}`);
    const compare = event.target.closest("[data-compare]");
    if (compare) location.assign(compare.dataset.compare.replace("/1/2/", `/${[...this.ids].join("/")}/`)); // of images 1 and 2
    const dropped = event.target.closest("[data-drop]")?.closest("[data-image]");
    if (dropped) this.#drop(dropped);
  }

  // Takes one image out without loading the list again; the focus goes on to its neighbor.
  #drop(tile) {
    const next = tile.nextElementSibling ?? tile.previousElementSibling;
    this.ids.delete(Number(tile.dataset.image));
    if (!this.ids.size) {
      this.#show();
      document.getElementById("stage").focus();
      return;
    }
    tile.remove();
    this.#numAsked--;
    next?.querySelector("[data-drop]").focus();
    this.#summarize();
    this.changed();
  }

  // Enter in a field of the action bar means the button beside it, not the first button of the form.
  #enter(event) {
    const panel = event.key === "Enter" && event.target.closest(".actions-panel");
    if (!panel || event.target.tagName !== "INPUT") return;
    event.preventDefault();
    panel.querySelector("[type=submit]").click();
  }
}
