// Loaded before anything is painted, so that a chosen theme never flashes; therefore a plain script, not a module.
(() => {
  const chosen = localStorage.getItem("theme");
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
  document.documentElement.classList.add("js");
})();
