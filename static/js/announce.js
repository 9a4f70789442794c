// Says a sentence to screen readers through the page's one live region.
const region = document.getElementById("live");
let timer;

export function announce(sentence) {
  clearTimeout(timer);
  // Emptied first and filled a moment later: a sentence that stays the same is not read out again.
  region.textContent = "";
  timer = setTimeout(() => {
    region.textContent = sentence;
  }, 50);
}
