// The line drawn around images of the map, by its button or with the shift key held.
export class Lasso {
  #path = null;

  // `drawn` hears the path so far, or null when there is none.
  constructor(stage, button, drawn) {
    Object.assign(this, { stage, button, drawn });
    button.addEventListener("click", () => this.set(!this.isWanted));
  }

  get isWanted() {
    return this.button.getAttribute("aria-pressed") === "true";
  }

  get isDrawn() {
    return this.#path !== null;
  }

  set(isOn) {
    this.button.setAttribute("aria-pressed", String(isOn));
    this.stage.classList.toggle("is-lasso", isOn);
  }

  start(x, y) {
    this.#path = [[x, y]];
    this.stage.classList.add("is-lasso");
  }

  extend(x, y) {
    this.#path.push([x, y]);
    this.drawn(this.#path);
  }

  // The whole path; the next drag moves the map again.
  close() {
    const path = this.#path;
    this.cancel();
    this.set(false);
    return path;
  }

  // Gives up what is being drawn; tells whether there was anything.
  cancel() {
    const was = this.isDrawn;
    this.#path = null;
    this.stage.classList.toggle("is-lasso", this.isWanted);
    this.drawn(null);
    return was;
  }
}
