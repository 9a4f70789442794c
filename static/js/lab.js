// Charts of the lab: the legend switches lines on and off, and brings the one pointed at to the fore.
for (const chart of document.querySelectorAll("[data-chart]")) {
  const lines = new Map([...chart.querySelectorAll("[data-curve]")].map((line) => [line.dataset.curve, line]));
  for (const entry of chart.querySelectorAll("[data-key]")) {
    const line = lines.get(entry.dataset.key);
    const bring = (forward) => {
      chart.classList.toggle("chart-focused", forward);
      line.classList.toggle("line-focused", forward);
    };
    entry.querySelector("input").addEventListener("change", (event) => {
      line.toggleAttribute("hidden", !event.target.checked);
    });
    entry.addEventListener("pointerenter", () => bring(true));
    entry.addEventListener("pointerleave", () => bring(false));
    entry.addEventListener("focusin", () => bring(true));
    entry.addEventListener("focusout", () => bring(false));
  }
}
