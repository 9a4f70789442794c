// What every page needs: theme switch, key help, dialogs, and a word when a background request fails.
import { announce } from "./announce.js";
import "./focus.js";
import { onKey, showKeys } from "./keys.js";
import "./sending.js";
import "./tones.js";

const THEMES = ["system", "light", "dark"];
const themeButton = document.getElementById("theme");

function showTheme(theme) {
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  const name = themeButton.dataset[theme];
  themeButton.title = name;
  themeButton.querySelector(".visually-hidden").textContent = name;
  for (const icon of themeButton.querySelectorAll("[data-icon]")) icon.hidden = icon.dataset.icon !== theme;
  return name;
}

function currentTheme() {
  return document.documentElement.dataset.theme || "system";
}

themeButton.addEventListener("click", () => {
  const theme = THEMES[(THEMES.indexOf(currentTheme()) + 1) % THEMES.length];
  localStorage.setItem("theme", theme);
  announce(showTheme(theme));
});
showTheme(currentTheme());

for (const opener of document.querySelectorAll("[data-opens]")) {
  opener.addEventListener("click", () => {
    if (opener.dataset.opens === "keys") showKeys();
    else document.getElementById(opener.dataset.opens).showModal();
  });
}

// A click on the backdrop hits the dialog itself, a click inside it hits something within.
for (const dialog of document.querySelectorAll("dialog")) {
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
}

onKey("help", showKeys);

// A menu closes by a click elsewhere, by Escape, and when the focus leaves it; also one that came with a part of the page.
const MENU = "details[data-menu][open]";
for (const name of ["click", "focusin"]) {
  document.addEventListener(name, ({ target }) => {
    for (const menu of document.querySelectorAll(MENU)) menu.open = menu.contains(target);
  });
}
document.addEventListener(
  "keydown",
  (event) => {
    const menu = event.key === "Escape" && event.target.closest(MENU);
    if (!menu) return;
    event.preventDefault(); // before the page's own Escape, which leads away from some pages
    menu.open = false;
    menu.querySelector("summary").focus();
  },
  true,
);

// On a narrow screen the row of pages scrolls sideways: the present one is brought into view.
document.querySelector(".site-nav [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });

document.body.addEventListener("htmx:sendError", () => announce(document.body.dataset.offline));

// A form whose answer is not for its place on the page: 403 comes with its own words, see gallery/refusals.py.
document.body.addEventListener("htmx:responseError", ({ detail }) => {
  const { status } = detail.xhr;
  if (detail.requestConfig.verb === "get" || ![404, 409, 410].includes(status) && status < 500) return;
  const message = Object.assign(document.createElement("p"), {
    className: "message message-error",
    textContent: document.body.dataset[status < 500 ? "gone" : "broken"],
  });
  message.setAttribute("role", "alert");
  document.getElementById("notices").replaceChildren(message);
});
