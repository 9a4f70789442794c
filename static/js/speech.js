// Words that are spoken: the browser listens, in the language chosen beside the box. Where it cannot, nothing is shown.
const Recognition = globalThis.SpeechRecognition ?? globalThis.webkitSpeechRecognition;
const KEPT = "speech-language";

// Makes one box for words listen; `data-speech` marks it, and its parts carry `data-listen`, `data-language`, `data-heard`.
function equip(box) {
  const input = box.querySelector("input");
  const button = box.querySelector("[data-listen]");
  const language = box.querySelector("[data-language]");
  const heard = box.querySelector("[data-heard]");
  const languages = [...language.options].map((option) => option.value);
  const nearest = (wanted) => languages.find((each) => each.split("-")[0] === wanted?.split("-")[0]);
  language.value = nearest(localStorage.getItem(KEPT)) ?? nearest(navigator.language) ?? languages[0];
  button.hidden = language.hidden = false;
  let listening = null;

  const tell = (text) => {
    heard.textContent = text;
    heard.hidden = !text;
  };

  language.addEventListener("change", () => localStorage.setItem(KEPT, language.value));
  // The choice is this box's alone: to the form around it nothing has changed.
  for (const kind of ["input", "change"]) language.addEventListener(kind, (event) => event.stopPropagation());

  button.addEventListener("click", () => {
    if (listening) return listening.abort();
    listening = new Recognition();
    listening.lang = language.value;
    listening.interimResults = true;
    let words = "";
    let problem = "";
    listening.addEventListener("result", ({ results }) => {
      words = [...results].map((result) => result[0].transcript).join("").trim();
      input.value = words.slice(0, input.maxLength);
    });
    listening.addEventListener("error", ({ error }) => {
      if (error === "not-allowed" || error === "service-not-allowed") problem = box.dataset.textForbidden;
      else if (error !== "aborted") problem = box.dataset.textDeaf;
    });
    listening.addEventListener("end", () => {
      listening = null;
      button.setAttribute("aria-pressed", "false");
      tell(problem);
      if (!words || problem) return;
      input.focus();
      input.dispatchEvent(new Event("input", { bubbles: true }));
      input.dispatchEvent(new Event("change", { bubbles: true }));
    });
    button.setAttribute("aria-pressed", "true");
    tell(box.dataset.textListening);
    return listening.start();
  });
}

if (Recognition) document.querySelectorAll("[data-speech]").forEach(equip);
