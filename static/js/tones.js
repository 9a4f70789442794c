// Fills the place of an image that is still loading with its average color.
export function paintTones(root) {
  for (const image of root.querySelectorAll("img[data-tone]")) {
    if (!image.complete) image.style.backgroundColor = image.dataset.tone;
  }
}

paintTones(document);
document.addEventListener("htmx:load", (event) => paintTones(event.detail.elt));
