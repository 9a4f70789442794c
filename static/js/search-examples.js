// The examples of a search: added, turned and taken away within the search as the page has it now, and parts of them drawn.
import { withExamples } from "./search-address.js";
import { boxText, drawnBox, keptBox, movedBox, readBox } from "./region-box.js";
import { onKey } from "./keys.js";

const go = (address) => location.assign(`${location.pathname}?${withExamples(location.search, new URL(address, location.href).search)}`);

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-examples]");
  if (!link || event.metaKey || event.ctrlKey || event.shiftKey) return;
  event.preventDefault();
  go(link.href);
});

const current = (selector) => document.activeElement.closest(".hit")?.querySelector(selector);
onKey("like", () => current("[data-like]")?.click() ?? false);
onKey("unlike", () => current("[data-unlike]")?.click() ?? false);

// Drawing
const dialog = document.getElementById("region");
const form = dialog.querySelector(".region-form");
const stage = dialog.querySelector("[data-stage]");
const picture = dialog.querySelector("[data-picture]");
const sides = ["left", "top", "width", "height"];
let box = null;
let address = "";

function show(next) {
  box = keptBox(next);
  const [left, top, width, height] = sides.map((side) => 100 * box[side]);
  for (const side of sides) if (form.elements[side] !== document.activeElement) form.elements[side].value = Number((100 * box[side]).toFixed(1));
  const rectangle = dialog.querySelector("rect");
  for (const [name, value] of Object.entries({ x: left, y: top, width, height })) rectangle.setAttribute(name, value);
  dialog.querySelector("[data-shade]").setAttribute("d", `M0 0H100V100H0ZM${left} ${top}h${width}v${height}h${-width}Z`);
}

document.addEventListener("click", ({ target }) => {
  const button = target.closest("[data-region]");
  if (!button) return;
  address = button.dataset.region;
  picture.src = button.dataset.picture;
  show(readBox(button.dataset.box) ?? { left: 0.25, top: 0.25, width: 0.5, height: 0.5 });
  dialog.showModal();
  stage.focus();
});

let start = null;
const place = (event) => {
  const { left, top, width, height } = stage.getBoundingClientRect();
  return { x: (event.clientX - left) / width, y: (event.clientY - top) / height };
};
stage.addEventListener("pointerdown", (event) => {
  if (event.button !== 0) return;
  event.preventDefault();
  stage.focus();
  stage.setPointerCapture(event.pointerId);
  start = place(event);
});
stage.addEventListener("pointermove", (event) => start && show(drawnBox(start, place(event))));
for (const end of ["pointerup", "pointercancel"]) stage.addEventListener(end, () => (start = null));

stage.addEventListener("keydown", (event) => {
  const next = movedBox(box, event.key, event.shiftKey);
  if (!next) return;
  event.preventDefault();
  show(next);
});

form.addEventListener("input", () => {
  if (form.checkValidity()) show(Object.fromEntries(sides.map((side) => [side, Number(form.elements[side].value) / 100])));
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  go(address.replace("DRAWN", encodeURIComponent(boxText(box))));
});
