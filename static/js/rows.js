// Rows of inputs that grow: as soon as something stands in the last row, an empty one comes after it.
document.addEventListener("input", (event) => {
  const rows = event.target.closest("[data-rows]");
  const last = rows?.lastElementChild;
  if (!last?.contains(event.target)) return;
  const row = last.cloneNode(true);
  for (const input of row.querySelectorAll("input")) input.value = "";
  rows.append(row);
});
