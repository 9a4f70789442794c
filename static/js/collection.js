// A collection's grid: selecting and keys as in the gallery, filtering by text alone.
import { onKey } from "./keys.js";
import "./selection.js";

onKey("find", () => document.getElementById("filter-q").focus());
