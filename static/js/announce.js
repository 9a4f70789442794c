// Says a sentence to screen readers through the page's one live region.
const region = document.getElementById("live");
let timer;

export function announce(sentence) {
  clearTimeout(timer);
  region.textContent = "";
  timer = setTimeout(() => {
    region.textContent = sentence;
  }, 50);
}
