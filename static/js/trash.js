// One box that ticks all others of the page, and shows when only some of them are ticked.
const form = document.getElementById("trash");
const all = form?.querySelector("[data-all]");
const boxes = form ? [...form.querySelectorAll("input[name=image]")] : [];

function show() {
  const ticked = boxes.filter((box) => box.checked).length;
  all.checked = ticked === boxes.length;
  all.indeterminate = ticked > 0 && ticked < boxes.length;
}

form?.addEventListener("change", (event) => {
  if (event.target === all) {
    for (const box of boxes) box.checked = all.checked;
  }
  show();
});
