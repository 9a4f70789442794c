// Search by an image from outside: chosen, dropped or pasted anywhere on the page.
import { withExamples } from "./search-address.js";

const form = document.getElementById("query-upload");
const dialog = form.closest("dialog");
const input = form.elements.file;
const picture = form.querySelector("[data-picture]");
const problem = form.querySelector("[data-error]");
const bar = form.querySelector("[data-progress]");
const state = form.querySelector("[data-state]");
const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);

let busy = false;
let adding = false; // whether what comes is one more example

for (const opener of document.querySelectorAll('[data-opens="another"]')) {
  opener.addEventListener("click", () => (adding = "adds" in opener.dataset));
}
dialog?.addEventListener("close", () => (adding = false));

// An image that is added to words is searched for together with them.
function withWords(url) {
  const key = new URL(url, location.href).searchParams.get("query");
  if (adding && key) return `${location.pathname}?${withExamples(location.search, `${location.search}&like=${key}`)}`;
  const words = document.querySelector(".subject-words #words")?.value;
  return words ? `${url}&q=${encodeURIComponent(words)}` : url;
}

function complain(message) {
  busy = false;
  problem.textContent = message;
  problem.hidden = !message;
  bar.hidden = true;
  state.textContent = "";
  form.classList.remove("drop-busy");
}

function preview(file) {
  const image = new Image();
  image.alt = "";
  image.src = URL.createObjectURL(file);
  image.decode().then(
    () => picture.replaceChildren(image),
    () => URL.revokeObjectURL(image.src), // the browser cannot show it; the server may still read it
  );
}

function send(file) {
  if (busy) return;
  complain("");
  busy = true;
  form.classList.add("drop-busy");
  if (dialog && !dialog.open) dialog.showModal();
  preview(file);
  const name = file.name || "";
  const body = new FormData();
  body.set("csrfmiddlewaretoken", form.elements.csrfmiddlewaretoken.value);
  body.set("file", file, name || "pasted.png");
  const request = new XMLHttpRequest();
  request.open("POST", form.action);
  request.setRequestHeader("Accept", "application/json");
  request.responseType = "json";
  bar.hidden = false;
  request.upload.addEventListener("progress", ({ loaded, total }) => {
    bar.value = loaded / total;
    const percent = Math.round((100 * loaded) / total);
    state.textContent = fill(percent < 100 ? form.dataset.textSending : form.dataset.textReading, { name, percent });
  });
  request.addEventListener("load", () => {
    if (request.status === 201) location.assign(withWords(request.response.url));
    else complain(request.response?.message ?? form.dataset.textServer);
  });
  request.addEventListener("error", () => complain(form.dataset.textOffline));
  request.send(body);
}

input.addEventListener("change", () => input.files[0] && send(input.files[0]));
form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (input.files[0]) send(input.files[0]);
});

addEventListener("paste", (event) => {
  const file = [...event.clipboardData.files].find(({ type }) => type.startsWith("image/"));
  if (!file) return;
  event.preventDefault();
  send(file);
});

let depth = 0; // dragging over a child leaves its parent, so entries are counted
const carriesFiles = ({ dataTransfer }) => dataTransfer?.types.includes("Files");
const mark = (change) => {
  depth = Math.max(0, depth + change);
  document.documentElement.classList.toggle("dropping", depth > 0);
};
addEventListener("dragenter", (event) => carriesFiles(event) && mark(1));
addEventListener("dragleave", (event) => carriesFiles(event) && mark(-1));
addEventListener("dragover", (event) => carriesFiles(event) && event.preventDefault());
addEventListener("drop", (event) => {
  if (!carriesFiles(event)) return;
  event.preventDefault();
  mark(-depth);
  if (event.dataTransfer.files[0]) send(event.dataTransfer.files[0]);
});

// Coming back with the browser's Back button must not find the page as it was left: sending.
addEventListener("pageshow", ({ persisted }) => persisted && complain(""));
