// Pointers and wheels on a pair of images: drag, pinch, turn the wheel, click twice.

export function holdHands(stage) {
  const { view } = stage;
  const pointers = new Map();
  let moved = false;
  let held = null;

  const inView = (event) => {
    const box = view.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };

  function pinch(event) {
    const before = [...pointers.values()];
    pointers.set(event.pointerId, inView(event));
    const after = [...pointers.values()];
    if (after.length !== 2) return;
    const span = ([a, b]) => Math.max(1, Math.hypot(a[0] - b[0], a[1] - b[1]));
    const middle = [(after[0][0] + after[1][0]) / 2, (after[0][1] + after[1][1]) / 2];
    stage.zoomTo((stage.zoom * span(after)) / span(before), ...middle);
  }

  function pan(event) {
    const [x, y] = inView(event);
    const [fromX, fromY] = pointers.get(event.pointerId);
    moved ||= Math.hypot(x - fromX, y - fromY) > 3;
    if (!moved || stage.isFit) return;
    if (!view.hasPointerCapture(event.pointerId)) view.setPointerCapture(event.pointerId);
    stage.root.classList.add("is-panning");
    stage.pan(held, x - fromX, y - fromY);
    pointers.set(event.pointerId, [x, y]);
  }

  view.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    if (!pointers.size) {
      moved = false;
      held = stage.paneAt(...inView(event));
    }
    pointers.set(event.pointerId, inView(event));
  });
  view.addEventListener("pointermove", (event) => {
    if (!pointers.has(event.pointerId)) return;
    if (pointers.size > 1) {
      moved = true;
      pinch(event);
    } else pan(event);
  });
  for (const name of ["pointerup", "pointercancel", "lostpointercapture"]) {
    view.addEventListener(name, (event) => {
      pointers.delete(event.pointerId);
      stage.root.classList.remove("is-panning");
    });
  }
  view.addEventListener("dragstart", (event) => event.preventDefault());

  // A click on a picture would open it alone; with a modifier key it still does.
  view.addEventListener("click", (event) => {
    if (!event.target.closest(".pane-picture") || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    if (event.detail === 0) stage.toggle(); // Enter on the link
  });
  view.addEventListener("dblclick", (event) => {
    event.preventDefault();
    if (!moved) stage.toggle(...inView(event));
  });
  view.addEventListener(
    "wheel",
    (event) => {
      if (!event.ctrlKey && stage.isFit && event.deltaY > 0) return;
      event.preventDefault();
      stage.zoomTo(stage.zoom * Math.exp(-event.deltaY / 400), ...inView(event));
    },
    { passive: false },
  );
}
