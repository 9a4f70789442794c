// Files that people drop or paste, also whole folders; calls `take(files)` with what may be an image.
const IMAGE_NAME = /\.(jpe?g|png|tiff?|webp|gif|bmp|avif|heic|heif)$/i;

// Many systems name no type for HEIC and AVIF, hence the names as well; the server decides.
const mayBeImage = (file) => file.type.startsWith("image/") || IMAGE_NAME.test(file.name);
const carriesFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");

const readEntries = (reader) => new Promise((resolve, reject) => reader.readEntries(resolve, reject));
const readFile = (entry) => new Promise((resolve, reject) => entry.file(resolve, reject));

async function filesUnder(entry) {
  if (entry.isFile) return [await readFile(entry)];
  const reader = entry.createReader();
  const files = [];
  // Chrome gives a hundred entries at a time, so it is asked until none comes.
  for (let entries = await readEntries(reader); entries.length; entries = await readEntries(reader)) {
    for (const each of entries) files.push(...(await filesUnder(each)));
  }
  return files.filter(mayBeImage);
}

async function droppedFiles(transfer) {
  // Before anything is awaited: the browser empties the list when the event is over.
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.length) return [...transfer.files];
  return (await Promise.all(entries.map(filesUnder))).flat();
}

export function imagesAmong(files) {
  return [...files].filter(mayBeImage);
}

export function takeFiles(take, { hover = () => {} } = {}) {
  let depth = 0; // dragging over a child leaves its parent, so entries are counted
  const show = (step) => {
    depth = Math.max(0, depth + step);
    hover(depth > 0);
  };
  window.addEventListener("dragenter", (event) => carriesFiles(event) && show(1));
  window.addEventListener("dragleave", (event) => carriesFiles(event) && show(-1));
  // Without this the browser would open the files instead of dropping them here.
  window.addEventListener("dragover", (event) => carriesFiles(event) && event.preventDefault());
  window.addEventListener("drop", async (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    show(-depth);
    take(await droppedFiles(event.dataTransfer));
  });
  window.addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (files.length) take(files);
  });
}
