// What is under a finger, larger, beside it.

import { make } from "./dom.js";

const SIDE = 112; // CSS pixels
const TIMES = 4; // as large as the frame's pixels are on the screen

export class Loupe {
  constructor(picture) {
    this.picture = picture;
    this.element = make("canvas", {
      class: "loupe",
      width: 2 * SIDE,
      height: 2 * SIDE,
      "aria-hidden": "true",
    });
    this.element.hidden = true;
  }

  /** Show what is around a point, in the corner that the pointer is not in. */
  show([x, y], [pointerX, pointerY]) {
    const { bitmap, width, height, scale } = this.picture;
    if (!bitmap) return;
    const { element } = this;
    const context = element.getContext("2d");
    const part = (SIDE * scale) / TIMES; // of the frame
    const shrunk = bitmap.width / width;
    const side = element.width;
    context.fillStyle = "#000";
    context.fillRect(0, 0, side, side);
    context.imageSmoothingEnabled = false;
    context.drawImage(
      bitmap,
      (x - part / 2) * shrunk,
      (y - part / 2) * shrunk,
      part * shrunk,
      part * shrunk,
      0,
      0,
      side,
      side,
    );
    context.strokeStyle = "#fff";
    context.lineWidth = 2;
    context.globalCompositeOperation = "difference";
    context.beginPath();
    context.moveTo(side / 2, 0);
    context.lineTo(side / 2, side);
    context.moveTo(0, side / 2);
    context.lineTo(side, side / 2);
    context.stroke();
    context.globalCompositeOperation = "source-over";
    element.classList.toggle("right", pointerX < width / 2);
    element.classList.toggle("low", pointerY < height / 2);
    element.hidden = false;
  }

  hide() {
    this.element.hidden = true;
  }
}
