// Loaded before anything is painted, so that a chosen theme never flashes and a chosen thumbnail size moves nothing;
// therefore a plain script, not a module.
(() => {
  const root = document.documentElement;
  const theme = localStorage.getItem("theme");
  const rowHeight = Number(localStorage.getItem("row-height"));
  root.classList.add("js");
  if (theme === "light" || theme === "dark") root.dataset.theme = theme;
  if (rowHeight) root.style.setProperty("--row", `${rowHeight}px`);
})();
