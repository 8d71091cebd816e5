// A way in for images: what is drawn on a pad as pixels, or a file.

import { element, field, fileField } from "./dom.js";
import { Drawing } from "./drawing.js";
import { predicted } from "./whole.js";

const FINE = 16; // pixels of a drawing to one of the net's, before it is scaled down
const USUAL = 28;

export const pixelsWay = {
  name: "pixels",
  title: "Draw",
  fits: (model) => model.input === "images" && (model.streams || model.predicts),
  lives: (model) => model.streams,

  open(model, session) {
    const preview = element("canvas", {
      class: "preview",
      role: "img",
      "aria-label": "The drawing as the net sees it",
    });
    const [linePlace, line] = field("Pen's width", "input", {
      type: "range",
      min: 0.04,
      max: 0.3,
      step: 0.01,
      value: 0.14,
    });
    const [colourPlace, colour] = field(
      "Ink",
      "select",
      {},
      element("option", { value: "light" }, "light on dark"),
      element("option", { value: "dark" }, "dark on light"),
    );
    colour.value = (model.reads.image?.mean?.[0] ?? 0) < 0.5 ? "light" : "dark";
    const ask = (file) => drawing.ask(() => predicted(model, file, file.type || "image/png"));
    const filePlace = model.predicts ? fileField("or an image", "image/*", ask)[0] : null;
    const beside = element(
      "div",
      { class: "fields" },
      linePlace,
      colourPlace,
      element("div", { class: "field" }, element("span", {}, "As the net sees it"), preview),
      filePlace,
    );
    const drawing = new Drawing(model, session, beside);
    const read = async () => {
      if (!drawing.pad.strokes.length) return;
      draw(preview, drawing.pad, model.reads.image ?? {}, Number(line.value), colour.value === "light");
      if (session !== null)
        session.send({ image: numbersOf(preview, model.reads.image), sequence_end: true });
      else await ask(await new Promise((ready) => preview.toBlob(ready, "image/png")));
    };
    drawing.pad.addEventListener("lift", read);
    [line, colour].forEach((one) => one.addEventListener("change", read));
    return drawing.element;
  },
};

/** Draw strokes so that they fill an image of the net's size. */
function draw(canvas, pad, image, width, isLight) {
  const [high, wide] = [image.height ?? image.width ?? USUAL, image.width ?? image.height ?? USUAL];
  const fine = document.createElement("canvas");
  [fine.width, fine.height] = [wide * FINE, high * FINE];
  const brush = fine.getContext("2d", { willReadFrequently: true });
  brush.fillStyle = isLight ? "black" : "white";
  brush.fillRect(0, 0, fine.width, fine.height);
  const points = pad.strokes.flat();
  const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)];
  const [left, top] = [Math.min(...xs), Math.min(...ys)];
  const [across, along] = [Math.max(...xs) - left, Math.max(...ys) - top];
  const stroke = width * Math.min(fine.width, fine.height);
  const scale = Math.min(
    (fine.width - stroke) / Math.max(across, 1),
    (fine.height - stroke) / Math.max(along, 1),
    (2 * fine.height) / pad.size,
  );
  const place = ([x, y]) => [
    (x - left - across / 2) * scale + fine.width / 2,
    (y - top - along / 2) * scale + fine.height / 2,
  ];
  brush.strokeStyle = isLight ? "white" : "black";
  [brush.lineWidth, brush.lineCap, brush.lineJoin] = [stroke, "round", "round"];
  for (const one of pad.strokes) {
    brush.beginPath();
    brush.moveTo(...place(one[0]));
    one.forEach((point) => brush.lineTo(...place(point)));
    brush.stroke();
  }
  shrink(fine, canvas, wide, high);
}

/** The mean of the fine pixels in each pixel. */
function shrink(fine, canvas, wide, high) {
  const all = fine
    .getContext("2d", { willReadFrequently: true })
    .getImageData(0, 0, fine.width, fine.height).data;
  [canvas.width, canvas.height] = [wide, high];
  const brush = canvas.getContext("2d", { willReadFrequently: true });
  const found = brush.createImageData(wide, high);
  for (let at = 0; at < wide * high; at += 1) {
    const [row, column] = [Math.floor(at / wide), at % wide];
    let sum = 0;
    for (let y = 0; y < FINE; y += 1) {
      for (let x = 0; x < FINE; x += 1) sum += all[4 * ((row * FINE + y) * fine.width + column * FINE + x)];
    }
    const value = sum / FINE ** 2;
    found.data.set([value, value, value, 255], 4 * at);
  }
  brush.putImageData(found, 0, 0);
}

/** The pixels of a canvas as nested lists, of which white is that of training. */
function numbersOf(canvas, image = {}) {
  const { data, width, height } = canvas
    .getContext("2d", { willReadFrequently: true })
    .getImageData(0, 0, canvas.width, canvas.height);
  const scale = (image.white ?? 255) / 255;
  const pixel = (at) =>
    image.channels === 3 ? [0, 1, 2].map((one) => data[4 * at + one] * scale) : data[4 * at] * scale;
  return Array.from({ length: height }, (_, row) =>
    Array.from({ length: width }, (_, column) => pixel(row * width + column)),
  );
}
