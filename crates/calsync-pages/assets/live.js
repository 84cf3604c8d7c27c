// Keeps the part of a page that is under way up to date, and goes on with a page that has none any more.
// Without script the page loads itself again.
const PAUSE_MS = 1000;
const PAUSE_MS_MAX = 10000;

const live = document.querySelector("[data-live]");
let pause = PAUSE_MS;

async function look() {
  const answer = await fetch(location.href).catch(() => null);
  if (!answer || answer.status >= 500) return true;
  if (!answer.ok) return false;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const next = page.getElementById(live.id);
  if (!next) {
    location.reload();
    return false;
  }
  // What is unchanged is left alone, so that screen readers tell only what is new.
  if (next.innerHTML !== live.innerHTML) {
    live.replaceChildren(...next.childNodes);
    pause = PAUSE_MS;
  }
  return next.hasAttribute("data-live");
}

async function keepLooking() {
  do {
    await new Promise((resolve) => setTimeout(resolve, pause));
    pause = Math.min(pause * 1.5, PAUSE_MS_MAX);
  } while (document.hidden || (await look()));
  live.removeAttribute("data-live");
}

if (live) keepLooking();
