// A form that is on its way is not sent a second time: two presses of a button would make two of what it makes.
// What is downloaded leaves the page where it is; forms that do so say it by `data-download`.
const WAIT_MS = 8000; // after that somebody may try again: the browser's Stop button tells nobody

function release(form) {
  form.removeAttribute("aria-busy");
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.getAttribute("method") !== "post" || form.hasAttribute("data-download")) return;
  if (form.hasAttribute("aria-busy")) {
    event.preventDefault();
    return;
  }
  form.setAttribute("aria-busy", "true");
  setTimeout(release, WAIT_MS, form);
});

// The Back button may bring the page back as it was left.
addEventListener("pageshow", () => document.querySelectorAll("form[aria-busy]").forEach(release));
