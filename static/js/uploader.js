// Sends files one by one, three at a time, and shows what becomes of each. Used by the upload page and by the tray
// of other pages; its markup and words are in templates/gallery/_uploader.html.
import { announce } from "./announce.js";
import { formatBytes, formatDuration } from "./units.js";

const PARALLEL = 3;
const ENDED = ["stored", "duplicate", "refused", "failed", "cancelled"];
const csrfToken = () => JSON.parse(document.body.getAttribute("hx-headers"))["X-CSRFToken"];
const fill = (text, number, most) => text.replace("%n", number).replace("%m", most);

export class Uploader {
  constructor(root, { collection = () => "", isPrivate = () => false } = {}) {
    this.root = root;
    this.words = root.dataset;
    this.collection = collection;
    this.isPrivate = isPrivate;
    this.items = [];
    this.running = new Set();
    this.list = root.querySelector("[data-list]");
    this.row = root.querySelector("template").content.firstElementChild;
    this.part("retry").addEventListener("click", () => this.retry());
    this.part("cancel").addEventListener("click", () => this.cancel());
    window.addEventListener("beforeunload", (event) => {
      if (this.isBusy()) event.preventDefault(); // the browser asks whether to leave
    });
  }

  part(name) {
    return this.root.querySelector(`[data-${name}]`);
  }

  isBusy() {
    return this.items.some((item) => !ENDED.includes(item.state));
  }

  add(files) {
    if (!files.length) return;
    if (!this.isBusy()) this.startClock();
    for (const file of files) {
      const item = { file, sent: 0, element: this.row.cloneNode(true) };
      item.element.querySelector(".upload-name").textContent = file.webkitRelativePath || file.name;
      item.element.querySelector(".upload-size").textContent = formatBytes(file.size);
      this.items.push(item);
      this.setState(item, "waiting", this.words.waiting);
      this.list.append(item.element);
    }
    this.root.hidden = false;
    this.next();
  }

  retry() {
    this.startClock();
    for (const item of this.items) {
      if (item.state === "failed" || item.state === "cancelled") {
        item.sent = 0;
        this.note(item, "");
        this.setState(item, "waiting", this.words.waiting);
      }
    }
    this.next();
  }

  cancel() {
    for (const item of this.items) {
      if (item.state === "waiting") this.setState(item, "cancelled", this.words.cancelled);
    }
    for (const item of this.running) item.request.abort();
    this.next();
  }

  next() {
    while (this.running.size < PARALLEL) {
      const item = this.items.find((each) => each.state === "waiting");
      if (!item) break;
      this.send(item);
    }
    this.showTotal();
  }

  send(item) {
    const form = new FormData();
    form.append("files", item.file, item.file.name);
    if (this.collection()) form.append("collection", this.collection());
    if (this.isPrivate()) form.append("private", "on");
    const request = new XMLHttpRequest(); // fetch does not tell how much has been sent
    item.request = request;
    this.running.add(item);
    this.setState(item, "sending", fill(this.words.sending, 0));
    request.open("POST", this.words.url);
    request.setRequestHeader("Accept", "application/json");
    request.setRequestHeader("X-CSRFToken", csrfToken());
    request.responseType = "json";
    request.upload.addEventListener("progress", (event) => this.progress(item, event));
    request.addEventListener("load", () => this.loaded(item, request));
    request.addEventListener("error", () => this.failed(item, this.words.offline));
    request.addEventListener("abort", () => this.ended(item, "cancelled", this.words.cancelled));
    request.send(form);
  }

  progress(item, event) {
    const share = event.total ? event.loaded / event.total : 1;
    item.sent = share * item.file.size;
    item.element.querySelector("progress").value = share;
    if (share < 1) this.setState(item, "sending", fill(this.words.sending, Math.floor(share * 100)));
    else this.setState(item, "storing", this.words.storing);
    this.showTotal();
  }

  loaded(item, request) {
    const result = request.response?.results?.[0];
    if (!result) {
      this.failed(item, request.response?.message || fill(this.words.server, request.status));
      return;
    }
    if (result.image) this.link(item, result.image);
    if (result.outcome !== "stored") this.note(item, result.message);
    if (result.outcome === "duplicate" && result.image) this.linkGroup(item, result.image);
    this.ended(item, result.reason === "disk_full" ? "failed" : result.outcome, this.words[result.outcome]);
  }

  failed(item, sentence) {
    this.note(item, sentence);
    this.ended(item, "failed", this.words.failed);
  }

  ended(item, state, word) {
    item.sent = item.file.size;
    this.running.delete(item);
    this.setState(item, state, word);
    this.next();
    if (!this.isBusy()) this.finished();
  }

  finished() {
    const counts = [...this.root.querySelectorAll("[data-count]:not([hidden])")].map((chip) => chip.textContent);
    announce([this.part("total-text").textContent, ...counts].join(", "));
    this.root.dispatchEvent(new CustomEvent("uploads-done", { bubbles: true }));
  }

  setState(item, state, word) {
    item.state = state;
    item.element.dataset.state = state;
    item.element.querySelector(".upload-state").textContent = word;
  }

  note(item, sentence) {
    item.element.querySelector(".upload-note").textContent = sentence;
  }

  link(item, image) {
    const name = item.element.querySelector(".upload-name");
    const link = Object.assign(document.createElement("a"), { href: image.url, textContent: name.textContent });
    name.replaceChildren(link);
    const picture = Object.assign(new Image(), { src: image.thumb, alt: "", loading: "lazy" });
    item.element.querySelector(".upload-picture").replaceChildren(picture);
  }

  linkGroup(item, image) {
    const href = `${this.words.groups}?image=${image.id}`;
    const link = Object.assign(document.createElement("a"), { href, textContent: this.words.group });
    item.element.querySelector(".upload-note").append(" ", link);
  }

  startClock() {
    this.startedAt = performance.now();
    this.sentBefore = this.sum((item) => item.sent);
  }

  sum(value) {
    return this.items.reduce((total, item) => total + value(item), 0);
  }

  showTotal() {
    const all = this.sum((item) => item.file.size);
    const sent = this.sum((item) => item.sent);
    const ended = this.items.filter((item) => ENDED.includes(item.state)).length;
    const busy = this.isBusy();
    this.part("total").value = all ? sent / all : ended / (this.items.length || 1);
    this.part("total-text").textContent = fill(busy ? this.words.of : this.words.done, ended, this.items.length);
    this.part("total-rate").textContent = busy ? this.rate(all, sent) : "";
    for (const chip of this.root.querySelectorAll("[data-count]")) this.showCount(chip);
    this.part("cancel").hidden = !busy;
    this.part("show").hidden = busy || !this.items.some((item) => item.state === "stored");
    this.part("retry").hidden = busy || !this.items.some((item) => ["failed", "cancelled"].includes(item.state));
  }

  showCount(chip) {
    const state = chip.dataset.count;
    const number = this.items.filter((item) => item.state === state).length;
    chip.hidden = number === 0;
    chip.textContent = `${this.words[state]}: ${number}`;
  }

  rate(all, sent) {
    const seconds = (performance.now() - this.startedAt) / 1000;
    const speed = (sent - this.sentBefore) / seconds;
    if (seconds < 0.5 || speed <= 0) return "";
    const left = fill(this.words.left, formatDuration((all - sent) / speed));
    return `${fill(this.words.speed, formatBytes(speed))} · ${left}`;
  }
}
