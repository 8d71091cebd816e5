// A way in for the way of a pen: live, point by point, or whole, whenever the pen is lifted.

import { Drawing } from "./drawing.js";
import { predicted } from "./whole.js";

export const inkWay = {
  name: "ink",
  title: "Draw",
  fits: (model) => model.input === "strokes" && (model.streams || model.predicts),
  lives: (model) => model.streams,

  open(model, session) {
    const drawing = new Drawing(model, session);
    if (session === null) askWhole(model, drawing);
    else sendPoints(model, session, drawing);
    return drawing.element;
  },
};

/** From the pad to the units of training: where ink has a known height, the pad is somewhat higher. */
function scaleOf(model, pad) {
  return (model.reads.ink?.height || pad.size) / (model.reads.ink?.height ? 0.6 * pad.size : 1);
}

function placed(model, pad, [x, y]) {
  const scale = scaleOf(model, pad);
  return [x * scale, (model.reads.ink?.upward ? -y : y) * scale];
}

function askWhole(model, drawing) {
  const { timing, pressure } = model.reads.ink ?? {};
  drawing.pad.addEventListener("lift", () => {
    const point = (one) => [
      ...placed(model, drawing.pad, one),
      ...(timing || pressure ? [one[2]] : []),
      ...(pressure ? [one[3]] : []),
    ];
    const strokes = drawing.pad.strokes.map((stroke) => stroke.map(point));
    drawing.ask(() => predicted(model, JSON.stringify([{ strokes }]), "application/json"));
  });
}

/** Rows of some points each; the last one waits until it is known whether the pen was lifted there. */
function sendPoints(model, session, drawing) {
  const pad = drawing.pad;
  let sent = 0;
  let waits = false;
  const send = (isLifted) => {
    waits = false;
    const stroke = pad.strokes.at(-1) ?? [];
    const points = stroke.slice(sent, isLifted ? undefined : -1);
    if (!points.length) return;
    sent += points.length;
    const pen = points.map((_, at) => Number(isLifted && at === points.length - 1));
    const own = points.map((one) => placed(model, pad, one));
    const values = {
      x: own.map(([x]) => x),
      y: own.map(([, y]) => y),
      pen,
      time: points.map((one) => one[2]),
      pressure: points.map((one) => one[3]),
    };
    session.send(Object.fromEntries(model.columns.map((name) => [name, values[name]])));
  };
  pad.addEventListener("point", () => {
    if (pad.strokes.at(-1).length === 1) sent = 0;
    if (!waits) requestAnimationFrame(() => waits && send(false));
    waits = true;
  });
  pad.addEventListener("lift", () => send(true));
  drawing.onclear = () => session.beginAnew();
}
