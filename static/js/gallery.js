// The gallery beyond plain pages: size of the thumbnails, filters without empty fields, files dropped anywhere.
import { takeFiles } from "./drop.js";
import { onKey } from "./keys.js";
import "./selection.js";
import { Uploader } from "./uploader.js";

const size = document.getElementById("row-height");

const root = document.documentElement;
size.value = parseInt(getComputedStyle(root).getPropertyValue("--row"), 10);
size.addEventListener("input", () => {
  localStorage.setItem("row-height", size.value);
  root.style.setProperty("--row", `${size.value}px`);
});

document.getElementById("filters").addEventListener("htmx:configRequest", (event) => {
  for (const [name, value] of Object.entries(event.detail.parameters)) {
    if (value === "") delete event.detail.parameters[name];
  }
});

onKey("find", () => document.getElementById("filter-q").focus());

const tray = document.getElementById("tray");
const veil = document.getElementById("drop-veil");
const collection = document.getElementById("filter-collection");
const uploader = new Uploader(tray.querySelector("[data-uploader]"), {
  collection: () => (collection.value ? collection.selectedOptions[0].textContent.trim() : ""),
});

tray.querySelector("[data-close]").addEventListener("click", () => {
  tray.hidden = true;
});
takeFiles(
  (files) => {
    tray.hidden = false;
    uploader.add(files);
  },
  {
    hover: (isOver) => {
      veil.hidden = !isOver;
    },
  },
);
