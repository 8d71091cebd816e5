// What stands beside a live session: its connection, how fast it answers, its rows and its token.

import { button, element, milliseconds } from "./dom.js";

const TEXTS = {
  off: "not connected",
  opening: "connecting",
  on: "connected",
  lost: "connection lost",
  over: "taken over",
  idle: "at rest",
  refused: "refused",
};

/** The box of a session. */
export function statusBox(session) {
  const state = element("p", { class: "state", role: "status" });
  const values = Object.fromEntries(
    ["last", "median", "rows", "waiting"].map((name) => [name, element("dd", {}, "–")]),
  );
  const names = { last: "last answer", median: "median", rows: "rows", waiting: "waiting" };
  const token = element("code", { class: "token" });
  const copy = button("Copy", () => copyText(session.token, token, copy), {
    class: "small",
    "aria-label": "Copy the session's token",
  });
  const again = button("Connect", () => session.open(), { class: "small" });
  const box = element(
    "aside",
    { class: "status card", "aria-label": "Live session" },
    element("h2", {}, "Session"),
    state,
    element(
      "dl",
      { class: "numbers" },
      Object.keys(names).map((name) => element("div", {}, element("dt", {}, names[name]), values[name])),
    ),
    element("p", { class: "token-line" }, token, copy),
    element(
      "p",
      { class: "actions" },
      button("Begin anew", () => session.replace()),
      again,
    ),
  );
  const show = () => {
    state.textContent = TEXTS[session.state] + (session.why ? `: ${session.why}` : "");
    state.dataset.state = session.state;
    const { any, last, median } = session.latency;
    values.last.textContent = any ? milliseconds(last) : "–";
    values.median.textContent = any ? milliseconds(median) : "–";
    values.rows.textContent = String(session.taken);
    values.waiting.textContent = String(session.rows.length - session.taken);
    token.textContent = session.token;
    token.parentElement.hidden = !session.token;
    again.hidden = !["over", "refused"].includes(session.state);
  };
  for (const name of ["state", "answer", "begin"]) session.addEventListener(name, show);
  show();
  return box;
}

async function copyText(text, shownAt, copy) {
  try {
    await navigator.clipboard.writeText(text);
    copy.textContent = "Copied";
    setTimeout(() => (copy.textContent = "Copy"), 1500);
  } catch {
    getSelection().selectAllChildren(shownAt); // the browser does not let us; a person can
  }
}
