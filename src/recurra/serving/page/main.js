// The page: which models there are, what each is, and the ways in that suit it.

import { request, token } from "./access.js";
import { element, field, button } from "./dom.js";
import { Fault, faultBox } from "./fault.js";
import { hearingWay } from "./hearing.js";
import { inkWay } from "./ink.js";
import { pixelsWay } from "./pixels.js";
import { rowsWay } from "./rows.js";
import { LiveSession } from "./session.js";
import { statusBox } from "./status.js";
import { tuneWay } from "./tune.js";
import { wholeWay } from "./whole.js";
import { wordsWay } from "./words.js";
import { writingWay } from "./writing.js";

const WAYS = [tuneWay, pixelsWay, inkWay, hearingWay, wordsWay, rowsWay, writingWay, wholeWay];
const place = document.getElementById("model");
const list = document.getElementById("models");
const served = document.getElementById("served");
let models = [];
let leave = () => undefined; // what is open now

async function begin() {
  try {
    models = (await (await request("v1/models")).json()).models;
    served.textContent = models.length === 1 ? "one model served" : `${models.length} models served`;
    route();
  } catch (error) {
    const fault = Fault.of(error);
    leave();
    list.replaceChildren();
    place.replaceChildren(faultBox(fault), fault.status === 401 ? tokenForm() : button("Try again", begin));
    place.querySelector("input")?.focus();
  }
}

/** A field for a token, which is kept as long as this tab is open. */
function tokenForm() {
  const [fieldPlace, own] = field("Access token", "input", {
    type: "password",
    name: "token",
    autocomplete: "off",
    required: true,
  });
  const enter = (event) => {
    event.preventDefault();
    token.set(own.value.trim());
    begin();
  };
  return element(
    "form",
    { class: "card fields", onsubmit: enter },
    fieldPlace,
    element("button", { type: "submit", class: "primary" }, "Enter"),
  );
}

/** Show what the address names: #MODEL or #MODEL/WAY. */
function route() {
  const [name, way] = location.hash.slice(1).split("/").map(decodeURIComponent);
  const model = models.find((one) => one.name === name) ?? models[0];
  list.replaceChildren(...models.map((one) => linkOf(one, one === model)));
  if (model === undefined) return;
  list.querySelector("[aria-current]").scrollIntoView({ block: "nearest", inline: "center" });
  document.title = `${model.name} · recurra`;
  const fitting = WAYS.filter((one) => one.fits(model));
  const some = fitting.some((one) => one !== rowsWay && one.lives(model))
    ? fitting.filter((one) => one !== rowsWay)
    : fitting;
  open(model, some, some.find((one) => one.name === way) ?? some[0]);
}

function linkOf(model, isOpen) {
  const attributes = { href: `#${encodeURIComponent(model.name)}`, "aria-current": isOpen ? "page" : false };
  return element("a", attributes, model.name, element("small", {}, model.task ?? "program"));
}

function open(model, ways, way) {
  leave();
  const session = way?.lives(model) ? new LiveSession(model) : null;
  const tabs = ways.map((one) =>
    element(
      "a",
      {
        href: `#${encodeURIComponent(model.name)}/${one.name}`,
        "aria-current": one === way ? "true" : false,
      },
      one.title,
    ),
  );
  const panel =
    way?.open(model, session) ??
    faultBox(
      new Fault(
        `model ${model.name}`,
        "one that streams, predicts, generates or hears",
        "Serve another run.",
      ),
    );
  const content = session === null ? panel : element("div", { class: "beside" }, panel, statusBox(session));
  place.replaceChildren(
    ...headOf(model),
    element("nav", { class: "tabs", "aria-label": "Ways in", hidden: tabs.length < 2 }, tabs),
    content,
  );
  session?.open();
  leave = () => {
    session?.close();
    way?.close?.();
  };
}

/** What a model is. */
function headOf(model) {
  const able = { streams: "streams", hears: "hears", predicts: "predicts", generates: "generates" };
  const does = Object.keys(able)
    .filter((one) => model[one] && !model[`${one}_not`])
    .join(", ");
  const columns = model.columns.length ? model.columns : (model.reads.columns ?? []).map((one) => one.name);
  const pairs = [
    ["Does", does],
    ["Reads", model.input ?? (model.reads.target ? "series over time" : "rows")],
    ["Columns", shortList(columns)],
    ["Labels", shortList(model.labels)],
    ["Version", model.version],
    ["Does not stream", model.streams ? "" : model.streams_not],
    ["Does not hear", model.hears_not],
    ["Notes", model.notes.join(" ")],
  ];
  const shown = pairs.filter(([, text]) => text);
  return [
    element("h1", {}, model.name),
    element("p", { class: "verdict" }, model.task ?? "a stream program"),
    element(
      "dl",
      { class: "pairs about" },
      shown.map(([name, text]) => element("div", {}, element("dt", {}, name), element("dd", {}, text))),
    ),
  ];
}

function shortList(names, most = 16) {
  const some = names.slice(0, most).join(", ");
  return names.length > most ? `${some}, … (${names.length})` : some;
}

addEventListener("hashchange", route);
addEventListener("pagehide", () => leave());
begin();
