// What the reading page asks of the server: the next pair, as an element whose images are loading; a verdict kept or
// refused, with the reason; a verdict taken back.

export class Refusal extends Error {
  constructor(answer = {}) {
    super(answer.problem ?? "");
    this.newer = answer.newer;
    this.newerKind = answer.newer_kind;
  }
}

export async function fetchTurn(url, step) {
  const response = await fetch(`${url}?${new URLSearchParams(step)}`, { credentials: "same-origin" });
  if (!response.ok || response.redirected) throw new Refusal(); // redirected: to the log-in
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  const turn = document.importNode(page.body.firstElementChild, true);
  // What is not in the page loads nothing by itself.
  for (const image of turn.querySelectorAll("img")) new Image().src = image.src;
  return turn;
}

export function sendVerdict(url, body) {
  return post(url, body);
}

export function undoVerdict(url, form) {
  return post(url, new FormData(form));
}

async function post(url, body) {
  const response = await fetch(url, {
    method: "POST",
    body,
    headers: { Accept: "application/json" },
    credentials: "same-origin",
  });
  const isJson = response.headers.get("Content-Type")?.startsWith("application/json");
  const answer = isJson ? await response.json() : {};
  if (!response.ok || !isJson) throw new Refusal(answer.message ? { problem: answer.message } : answer);
  return answer;
}
