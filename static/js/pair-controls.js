// The buttons, sliders and keys around a pair of images.
import { onKey } from "./keys.js";
import { arrowStep, bindZoomButtons, bindZoomKeys } from "./pan-zoom.js";

const STEP = 60;
const STEP_ZOOM = 1.5;
const SLIDERS = { swipe: "[data-swipe]", overlay: "[data-opacity]", map: "[data-map-opacity]" };

export class PairControls {
  constructor(stage) {
    this.stage = stage;
    this.root = stage.root;
    this.timer = 0;
    this.one = (selector) => this.root.querySelector(selector);
    this.maps = {};
    this.bindModes();
    this.bindSliders();
    this.bindFlicker();
    this.bindOptions();
    this.bindZoom();
    this.slide();
  }

  bindModes() {
    for (const button of this.root.querySelectorAll("[data-mode-button]")) {
      button.addEventListener("click", () => this.setMode(button.dataset.modeButton));
    }
    for (const mode of ["side", "swipe", "overlay"]) onKey(`stage-${mode}`, () => this.setMode(mode));
    onKey("stage-flicker", () => (this.stage.mode === "flicker" ? this.flip() : this.setMode("flicker")));
    onKey("stage-map", () => !this.one("[data-mode-button=map]").hidden && this.setMode("map"));
  }

  setMode(mode) {
    this.pause();
    this.stage.setMode(mode);
    for (const button of this.root.querySelectorAll("[data-mode-button]")) {
      const isOn = button.dataset.modeButton === mode;
      button.setAttribute("aria-pressed", String(isOn));
      if (isOn) this.stage.told(this.root.dataset.textMode.replace("{name}", button.textContent.trim()));
    }
    for (const control of this.root.querySelectorAll("[data-for-mode]")) control.hidden = control.dataset.forMode !== mode;
    delete this.root.dataset.flipped;
    this.showMap();
    return true;
  }

  bindSliders() {
    for (const selector of Object.values(SLIDERS)) this.one(selector).addEventListener("input", () => this.slide());
    onKey("stage-slide", (event) => {
      const slider = SLIDERS[this.stage.mode] && this.one(SLIDERS[this.stage.mode]);
      if (!slider) return false;
      slider.value = Number(slider.value) + (event.key === "]" ? 5 : -5);
      this.slide();
      return true;
    });
  }

  slide() {
    const share = (selector) => Number(this.one(selector).value) / 100;
    this.root.style.setProperty("--swipe", `${100 * share("[data-swipe]")}%`);
    this.root.style.setProperty("--opacity", share("[data-opacity]"));
    this.root.style.setProperty("--map-opacity", share("[data-map-opacity]"));
  }

  // Flicker stands still until somebody plays it, and never plays where less motion is asked for.
  bindFlicker() {
    const play = this.one("[data-play]");
    const rate = this.one("[data-rate]");
    const still = matchMedia("(prefers-reduced-motion: reduce)");
    const heed = () => {
      play.disabled = still.matches;
      this.one("[data-still]").hidden = !still.matches;
      if (still.matches) this.pause();
    };
    still.addEventListener("change", heed);
    heed();
    this.one("[data-flip]").addEventListener("click", () => this.flip());
    play.addEventListener("click", () => (this.timer ? this.pause() : this.play()));
    rate.addEventListener("input", () => {
      this.one("[data-rate-text]").textContent = Number(rate.value).toFixed(1);
      if (this.timer) this.play();
    });
  }

  flip() {
    this.root.toggleAttribute("data-flipped");
    return true;
  }

  play() {
    clearInterval(this.timer);
    this.timer = setInterval(() => this.flip(), 1000 / Number(this.one("[data-rate]").value));
    this.showPlaying();
  }

  pause() {
    clearInterval(this.timer);
    this.timer = 0;
    this.showPlaying();
  }

  showPlaying() {
    const play = this.one("[data-play]");
    play.setAttribute("aria-pressed", String(Boolean(this.timer)));
    play.textContent = this.timer ? play.dataset.pauseText : play.dataset.playText;
  }

  bindOptions() {
    const align = this.one("[data-align]");
    const keypoints = this.one("[data-keypoints]");
    const swap = this.one("[data-swap]");
    align.addEventListener("change", () => {
      this.stage.setAligned(align.checked);
      this.showMap();
    });
    keypoints.addEventListener("change", () => {
      this.stage.marks.shown = keypoints.checked;
      this.stage.paint();
    });
    swap.addEventListener("click", () => {
      this.root.toggleAttribute("data-swapped");
      swap.setAttribute("aria-pressed", String(this.root.hasAttribute("data-swapped")));
      this.stage.told(this.root.dataset.textSwapped);
      this.stage.paint();
    });
    const press = (control) => () => !control.closest("[hidden]") && (control.click(), true);
    onKey("stage-align", press(align));
    onKey("stage-keypoints", press(keypoints));
    onKey("stage-swap", press(swap));
  }

  bindZoom() {
    const zooms = {
      in: () => this.stage.zoomBy(STEP_ZOOM),
      out: () => this.stage.zoomBy(1 / STEP_ZOOM),
      actual: () => this.stage.toggle(),
      fit: () => this.stage.fit(),
    };
    bindZoomButtons(this.root, zooms);
    bindZoomKeys(zooms, { in: "stage-in", out: "stage-out", fit: "stage-fit" });
    onKey("stage-move", (event) => {
      if (this.stage.isFit) return false;
      this.stage.pan(this.stage.first, ...arrowStep(event, STEP));
      return true;
    });
  }

  // Takes what a worker found: the motion, keypoints, and addresses of the maps by kind.
  take(found, maps) {
    this.maps = maps;
    this.stage.marks.set(found);
    this.stage.setMotion(found.matrix);
    for (const option of this.root.querySelectorAll("[data-needs-motion]")) option.hidden = !found.matrix;
    this.one("[data-mode-button=map]").hidden = !maps.plain && !maps.aligned;
    this.showMap();
  }

  // The aligned map belongs to the aligned view; where there is only one map it serves both.
  showMap() {
    const { plain, aligned } = this.maps;
    const address = this.stage.aligned ? (aligned ?? plain) : (plain ?? aligned);
    const isShown = this.stage.mode === "map" && Boolean(address);
    if (isShown && this.stage.map.getAttribute("src") !== address) this.stage.map.src = address;
    this.stage.map.hidden = !isShown;
  }
}
