// Sections as tabs: without scripts they stand one below the other. The open one is in the address.

export class Tabs {
  constructor(root) {
    this.root = root;
    this.tabs = [...root.querySelectorAll("[role=tab]")];
    for (const tab of this.tabs) tab.addEventListener("click", () => this.open(tab, { remember: true }));
    root.querySelector("[role=tablist]").addEventListener("keydown", (event) => this.walk(event));
    this.open(this.named(location.hash) ?? this.current);
    addEventListener("hashchange", () => this.named(location.hash) && this.open(this.named(location.hash)));
  }

  get current() {
    return this.tabs.find((tab) => tab.getAttribute("aria-selected") === "true") ?? this.tabs[0];
  }

  named(hash) {
    return this.tabs.find((tab) => `#${tab.getAttribute("aria-controls")}` === hash);
  }

  // Shows the panel of a tab and hides the others; called again when panels were replaced.
  open(tab = this.current, { remember = false } = {}) {
    for (const each of this.tabs) {
      const isOpen = each === tab;
      each.setAttribute("aria-selected", String(isOpen));
      each.tabIndex = isOpen ? 0 : -1;
      const panel = document.getElementById(each.getAttribute("aria-controls"));
      panel.setAttribute("role", "tabpanel");
      panel.setAttribute("aria-labelledby", each.id);
      panel.hidden = !isOpen;
    }
    if (remember) history.replaceState(null, "", `#${tab.getAttribute("aria-controls")}`);
  }

  walk(event) {
    const place = this.tabs.indexOf(document.activeElement);
    const last = this.tabs.length - 1;
    const next = {
      ArrowRight: place === last ? 0 : place + 1,
      ArrowLeft: place === 0 ? last : place - 1,
      Home: 0,
      End: last,
    }[event.key];
    if (next === undefined || place < 0) return;
    event.preventDefault();
    event.stopPropagation();
    this.tabs[next].focus();
    this.open(this.tabs[next], { remember: true });
  }
}
