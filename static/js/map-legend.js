// The legend: a row per group with its look, name and number of images; its checkbox shows and hides the group.
const list = document.getElementById("groups");
const panel = document.getElementById("legend");
const row = document.getElementById("group");
const numbers = new Intl.NumberFormat(document.documentElement.lang);

export class Legend {
  // `changed` is called when groups are shown or hidden, `selects` with a group's number.
  constructor(looks, changed, selects) {
    this.looks = looks;
    this.changed = changed;
    this.selects = selects;
    for (const button of panel.querySelectorAll("[data-legend]")) {
      button.addEventListener("click", () => this.#setAll(button.dataset.legend === "all"));
    }
    if (matchMedia("(max-width: 62rem)").matches) panel.open = false;
  }

  show(points, coloring) {
    this.points = points;
    panel.hidden = points.groups.length < 2;
    list.replaceChildren(...points.groups.map((group, number) => this.#row(group, number, coloring)));
    this.recolor();
  }

  recolor() {
    for (const [number, swatch] of [...list.querySelectorAll(".map-swatch path")].entries()) {
      swatch.setAttribute("d", this.looks.svgPath(this.points.groups, number));
      swatch.setAttribute("fill", this.looks.color(this.points.groups, number));
    }
  }

  name(group, coloring) {
    if (group.kind === "none") return list.dataset[`none${coloring[0].toUpperCase()}${coloring.slice(1)}`];
    if (group.kind === "several") return list.dataset.several;
    if (group.kind === "rest") {
      return list.dataset[coloring === "collection" ? "restCollection" : "restLabel"].replace("%n", group.name);
    }
    return group.name;
  }

  #row(group, number, coloring) {
    const item = row.content.firstElementChild.cloneNode(true);
    const [box, button, name] = [item.querySelector("input"), item.querySelector("button"), this.name(group, coloring)];
    item.querySelector(".map-group-text").textContent = name;
    item.querySelector(".number").textContent = numbers.format(group.num);
    button.title = list.dataset.select.replace("%s", name);
    button.querySelector(".visually-hidden").textContent = button.title;
    box.addEventListener("change", () => {
      this.points.shown[number] = Number(box.checked);
      this.changed();
    });
    button.addEventListener("click", () => this.selects(number));
    return item;
  }

  #setAll(shows) {
    for (const box of list.querySelectorAll("input")) box.checked = shows;
    this.points.shown.fill(Number(shows));
    this.changed();
  }
}
