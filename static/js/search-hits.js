// The hits on the page: what they carry, and their numbers written again. What is looked up in a card is kept with it,
// so that a moving slider costs little; the reasons of a closed hit are written when it opens.
import { shares, stack } from "./search-fusion.js";
import { drawBar } from "./search-panel.js";

const known = new WeakMap();
const late = new WeakMap();

// Returns what a card carries: its rarities, how strongly it is proven, and the places of its numbers.
export function read(card) {
  let hit = known.get(card);
  if (!hit) {
    const one = (selector) => card.querySelector(selector);
    hit = {
      rarities: JSON.parse(card.dataset.rarities),
      proof: Number(card.dataset.proof),
      rank: one("[data-rank]"),
      score: one("[data-score]"),
      bar: one("[data-bar]"),
      label: one("[data-main-label]"),
      rarity: one("[data-main-rarity]"),
      swatch: one("[data-main-swatch]"),
      details: one("details"),
      reasons: new Map([...card.querySelectorAll(".reason:not(.reason-missing)")].map((each) => [each.dataset.method, each])),
    };
    hit.details?.addEventListener("toggle", () => late.get(card)?.());
    known.set(card, hit);
  }
  return hit;
}

// Writes a hit's new place, score, bar and reasons; `panel` names and colors the methods.
export function write(card, rank, fusion, weights, panel) {
  const hit = read(card);
  const share = shares(fusion);
  hit.rank.textContent = rank;
  hit.score.textContent = fusion.score === null ? "–" : Math.round(100 * fusion.score);
  drawBar(hit.bar, stack(fusion.parts, panel.methods), panel.looks);
  if (hit.details) writeMain(hit, share, panel);
  const writeReasons = () => {
    for (const [method, reason] of hit.reasons) {
      reason.querySelector("[data-share]").textContent = Math.round(100 * (share[method] ?? 0));
      reason.querySelector("[data-weight]").textContent = (weights[method] ?? 0).toFixed(2);
    }
    late.delete(card);
  };
  if (!hit.details || hit.details.open) writeReasons();
  else late.set(card, writeReasons);
}

// Names the method that speaks loudest for the hit.
function writeMain(hit, share, panel) {
  const loudest = [...hit.reasons.keys()].reduce((best, method) => ((share[method] ?? 0) > (share[best] ?? 0) ? method : best), "");
  if (!loudest) return;
  const { label, rarity } = hit.reasons.get(loudest).dataset;
  hit.label.textContent = label;
  hit.rarity.textContent = rarity;
  hit.swatch.setAttribute("fill", panel.looks[loudest].color);
}
