// Fills the place of an image that is still loading with its average color; once it is there, gray surrounds it again.
export function paintTones(root) {
  for (const image of root.querySelectorAll("img[data-tone]")) {
    if (image.complete) continue;
    image.style.backgroundColor = image.dataset.tone;
    image.addEventListener("load", () => image.style.removeProperty("background-color"), { once: true });
  }
}

paintTones(document);
document.addEventListener("htmx:load", (event) => paintTones(event.detail.elt));
