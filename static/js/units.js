// Numbers as people read them, in the page's language.
const language = document.documentElement.lang;
const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte"];

const format = (unit, digits) =>
  new Intl.NumberFormat(language, {
    style: "unit",
    unit,
    unitDisplay: unit === "byte" ? "narrow" : "short",
    maximumFractionDigits: digits,
  });

export function formatBytes(bytes) {
  const power = Math.min(UNITS.length - 1, Math.floor(Math.log(Math.max(bytes, 1)) / Math.log(1000)));
  const text = format(UNITS[power], power > 1 ? 1 : 0).format(bytes / 1000 ** power);
  return text.replace(/(\d)(\p{Letter})/u, "$1\u00a0$2");
}

export function formatDuration(seconds) {
  if (seconds < 60) return format("second", 0).format(Math.max(1, Math.ceil(seconds)));
  if (seconds < 3600) return format("minute", 0).format(Math.ceil(seconds / 60));
  return format("hour", 1).format(seconds / 3600);
}
