// What Django's admin leaves out of its search boxes: their names, and a list that holds nothing but its items.

// Before the boxes are made: the button that empties one would stand between the items of its list.
for (const select of document.querySelectorAll("select.admin-autocomplete[multiple]")) {
  select.dataset.allowClear = "false";
}

const nameBoxes = () => {
  for (const box of document.querySelectorAll(".select2-search__field:not([aria-label])")) {
    const label = box.closest(".select2-container")?.previousElementSibling?.labels?.[0];
    if (label) box.setAttribute("aria-label", label.textContent.replace(/:\s*$/, "").trim());
  }
};

new MutationObserver(nameBoxes).observe(document.body, { childList: true, subtree: true });
nameBoxes();
