// Moves cards from where they were to where they now are, so that the eye can follow a new order.
const still = matchMedia("(prefers-reduced-motion: reduce)");
const MOVE = { duration: 280, easing: "cubic-bezier(0.2, 0, 0, 1)" };
const APPEAR = { duration: 180, easing: "ease-out" };

// Returns where each card is now, by image.
export function places(cards) {
  return new Map(cards.filter((card) => !card.hidden).map((card) => [card.dataset.image, card.getBoundingClientRect()]));
}

// Lets the cards travel from their former places; only what is near the window is moved.
export function travel(cards, before) {
  if (still.matches) return;
  const near = ({ top, bottom }) => bottom > -200 && top < innerHeight + 200;
  const moves = [];
  for (const card of cards) {
    if (card.hidden) continue;
    const now = card.getBoundingClientRect();
    const then = before.get(card.dataset.image);
    if (near(now) || (then && near(then))) moves.push([card, then, now]);
  }
  for (const [card, then, now] of moves) {
    if (!then) card.animate([{ opacity: 0 }, { opacity: 1 }], APPEAR);
    else if (then.left !== now.left || then.top !== now.top) {
      const offset = `translate(${then.left - now.left}px, ${then.top - now.top}px)`;
      card.animate([{ transform: offset }, { transform: "none" }], MOVE);
    }
  }
}
