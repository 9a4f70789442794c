// The compare page: the pair of images, and the tabs of evidence that arrive when the worker is done.
import { announce } from "./announce.js";
import { onKey } from "./keys.js";
import { PairControls } from "./pair-controls.js";
import { PairStage } from "./pair-stage.js";
import { Tabs } from "./tabs.js";

const controls = new PairControls(new PairStage(document.querySelector(".pair-stage"), announce));
const tabs = new Tabs(document.querySelector("[data-tabs]"));

function takeFindings() {
  const { stage, mapPlain, mapAligned } = document.getElementById("closely").dataset;
  if (stage) controls.take(JSON.parse(stage), { plain: mapPlain, aligned: mapAligned });
}

takeFindings();
document.body.addEventListener("htmx:afterSwap", ({ detail }) => {
  if (!document.getElementById("closely").contains(detail.elt)) return;
  tabs.open();
  takeFindings();
});

onKey("back", () => {
  if (!controls.stage.isFit) controls.stage.fit();
  else location.assign(document.getElementById("back").href);
});
