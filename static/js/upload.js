// The upload page: chosen, dropped and pasted files go to the uploader at once.
import { imagesAmong, takeFiles } from "./drop.js";
import { Uploader } from "./uploader.js";

const form = document.getElementById("upload-form");
const collection = document.getElementById("collection");
const isPrivate = document.getElementById("private");
const uploader = new Uploader(document.querySelector("[data-uploader]"), {
  collection: () => collection.value.trim(),
  isPrivate: () => Boolean(isPrivate?.checked),
});

function choose(input, pick) {
  input.addEventListener("change", () => {
    uploader.add(pick(input.files));
    input.value = "";
  });
}

choose(document.getElementById("files"), (files) => [...files]);
choose(document.getElementById("folder"), imagesAmong);
form.addEventListener("submit", (event) => event.preventDefault());
takeFiles((files) => uploader.add(files), {
  hover: (isOver) => document.body.classList.toggle("is-dropping", isOver),
});
