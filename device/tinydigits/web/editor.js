// Regions and the reference patch over the picture, moved by mouse, finger and keyboard.

import { draw, make, mark } from "./dom.js";
import { boxCorners, boxMoved, isRegion, moved, rectangle } from "./geometry.js";
import { Loupe } from "./loupe.js";

export const REFERENCE = "reference"; // in place of a region's number

const HANDLE = 6; // CSS pixels, as the next
const FINGER = 16;
const DRAWN = 6; // shorter is a click
const ALL = [0, 1, 2, 3];
const PLACES = ["top left", "top right", "bottom right", "bottom left"];
const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/**
 * @param picture what is drawn over.
 * @param plan `regions` and `reference`, and what becomes of changes: `change()` before each, with
 *   a key where it may go on from the one before, `changed()` after, `select(which)`,
 *   `add(corners)`, `remove(which)`.
 */
export class Editor {
  constructor(picture, plan) {
    this.picture = picture;
    this.plan = plan;
    this.selected = null;
    this.shapes = new Map();
    this.drag = null;
    this.loupe = new Loupe(picture);
    const { over } = picture;
    over.classList.add("edited");
    over.addEventListener("pointerdown", (event) => this.press(event));
    over.addEventListener("pointermove", (event) => this.pull(event));
    over.addEventListener("pointerup", (event) => this.release(event));
    over.addEventListener("pointercancel", (event) => this.lose(event));
    over.addEventListener("lostpointercapture", (event) => {
      if (event.target === over) this.lose(event);
    });
  }

  get size() {
    return { width: this.picture.width, height: this.picture.height };
  }

  /** Draw all shapes anew, as there are others now; what had the focus keeps it. */
  render() {
    this.stop(); // what is dragged may be another shape now, or gone
    const focused = document.activeElement?.dataset?.key;
    this.shapes.clear();
    const { regions, reference } = this.plan;
    if (reference) this.shapes.set(REFERENCE, this.shape(REFERENCE, "reference patch"));
    regions.forEach((region, which) => this.shapes.set(which, this.shape(which, region.name)));
    this.picture.over.replaceChildren(...[...this.shapes.values()].map((shape) => shape.group));
    this.picture.words.replaceChildren(
      this.loupe.element,
      ...[...this.shapes.values()].map((shape) => shape.chip),
    );
    this.update();
    if (focused) this.picture.over.querySelector(`[data-key="${focused}"]`)?.focus();
  }

  shape(which, name) {
    const keys = (places, what) => ({
      tabindex: "0",
      role: "button",
      "data-key": `${which}-${places.join("")}`,
      "aria-label": `${name}: ${what}`,
      "aria-roledescription": "movable",
      onkeydown: (event) => this.key(event, which, places),
      onfocus: () => {
        this.before = this.state();
        this.plan.select(which);
      },
    });
    const halo = draw("polygon", { class: "halo" });
    const body = draw("polygon", { class: "body", ...keys(ALL, "all of it") });
    const edges = ALL.map((place) => draw("line", { class: "edge" }));
    const handles = ALL.map((place) =>
      draw(
        "g",
        { class: "handle", ...keys([place], `${PLACES[place]} corner`) },
        draw("circle", { class: "finger" }),
        draw(place ? "circle" : "rect", { class: "knob" }),
      ),
    );
    body.dataset.places = ALL.join("");
    edges.forEach((edge, place) => {
      edge.dataset.places = `${place}${(place + 1) % 4}`;
    });
    handles.forEach((handle, place) => {
      handle.dataset.places = `${place}`;
    });
    const group = draw(
      "g",
      { class: "shape", "data-which": which, role: "group", "aria-label": name },
      halo,
      body,
      ...edges,
      ...handles,
    );
    const chip = make("span", { class: "chip name-chip" });
    return { group, halo, body, edges, handles, chip };
  }

  corners(which) {
    const { regions, reference } = this.plan;
    return which === REFERENCE ? boxCorners(reference) : regions[which].corners;
  }

  /** Bring shapes to where they are now. */
  update() {
    if (!this.picture.width) return;
    const { scale } = this.picture;
    for (const [which, shape] of this.shapes) {
      const corners = this.corners(which);
      const points = corners.map((corner) => corner.join(",")).join(" ");
      shape.halo.setAttribute("points", points);
      shape.body.setAttribute("points", points);
      shape.edges.forEach((edge, place) => {
        const [[x1, y1], [x2, y2]] = [corners[place], corners[(place + 1) % 4]];
        for (const [name, value] of Object.entries({ x1, y1, x2, y2 }))
          edge.setAttribute(name, value);
      });
      shape.handles.forEach((handle, place) => fitHandle(handle, corners[place], scale));
      shape.group.classList.toggle("selected", which === this.selected);
      shape.group.classList.toggle("patch", which === REFERENCE);
      this.name(which, shape.chip, corners, scale);
    }
  }

  name(which, chip, corners, scale) {
    const { regions, readings, trouble } = this.plan;
    const top = Math.min(...corners.map((corner) => corner[1]));
    const left = Math.min(...corners.map((corner) => corner[0]));
    if (which === REFERENCE) {
      chip.replaceChildren(trouble ? mark("rejected") : "", "reference");
    } else {
      const reading = readings[which];
      const status = reading && (reading.rejected ? "rejected" : "accepted");
      chip.replaceChildren(
        status ? mark(status) : "",
        `${regions[which].name} ${reading ? reading.text || "nothing" : ""}`,
      );
    }
    chip.classList.toggle("inside", top < 24 * scale);
    this.picture.put(chip, Math.max(0, left), Math.max(0, top));
  }

  select(which) {
    this.selected = which;
    this.update();
  }

  focus(which) {
    this.shapes.get(which)?.body.focus();
  }

  state() {
    return JSON.stringify([this.plan.regions.map((region) => region.corners), this.plan.reference]);
  }

  restore(state) {
    const [corners, reference] = JSON.parse(state);
    if (corners.length !== this.plan.regions.length) return;
    corners.forEach((points, which) => {
      this.plan.regions[which].corners = points;
    });
    this.plan.reference = reference;
    this.update();
    this.plan.changed();
  }

  /** Where a shape is, in its own terms. */
  place(which) {
    return which === REFERENCE ? this.plan.reference : this.plan.regions[which].corners;
  }

  /** Move some corners by so many pixels of the frame, from where the shape is or was. */
  move(which, places, dx, dy, from = this.place(which)) {
    const { plan, size } = this;
    if (which === REFERENCE) plan.reference = boxMoved(from, places, dx, dy, size);
    else {
      const next = moved(from, places, dx, dy, size);
      if (next !== from) plan.regions[which].corners = next; // else it stays at the last good place
    }
    this.update();
    plan.changed();
  }

  key(event, which, places) {
    const step = STEPS[event.key];
    if (step) {
      const far = event.shiftKey ? 10 : 1;
      this.plan.change(`keys ${which} ${places}`);
      this.move(which, places, far * step[0], far * step[1]);
    } else if (event.key === "Delete" || event.key === "Backspace") {
      this.plan.remove(which);
    } else if (event.key === "Escape" && !this.drag) {
      if (this.before !== this.state()) {
        this.plan.change();
        this.restore(this.before);
      }
    } else return;
    event.preventDefault();
  }

  press(event) {
    if (event.button !== 0 || !this.picture.width || this.drag) return;
    const part = event.target.closest("[data-places]");
    const group = event.target.closest(".shape");
    const start = this.picture.at(event);
    const pointer = event.pointerId; // no other finger has a part in it
    if (part && group) {
      const which = group.dataset.which === REFERENCE ? REFERENCE : Number(group.dataset.which);
      const places = [...part.dataset.places].map(Number);
      this.before = this.state();
      this.drag = {
        pointer,
        which,
        places,
        start,
        from: this.place(which),
        state: this.before,
        moved: false,
      };
      (part.matches("[tabindex]") ? part : this.shapes.get(which).body).focus({
        preventScroll: true,
      });
    } else if (event.pointerType === "mouse" || event.pointerType === "pen") {
      this.drag = { pointer, start, fresh: draw("polygon", { class: "fresh" }) };
      this.picture.over.append(this.drag.fresh);
    } else return; // a finger beside all shapes scrolls the page
    event.preventDefault();
    this.picture.over.setPointerCapture(pointer);
    this.escape = (pressed) => {
      if (pressed.key === "Escape") this.cancel();
    };
    addEventListener("keydown", this.escape);
  }

  pull(event) {
    const { drag } = this;
    if (drag?.pointer !== event.pointerId) return;
    const at = this.picture.at(event);
    if (drag.fresh) {
      drag.corners = rectangle(drag.start, at, this.size);
      drag.fresh.setAttribute("points", drag.corners.map((corner) => corner.join(",")).join(" "));
      return;
    }
    if (!drag.moved) this.plan.change();
    drag.moved = true;
    this.move(drag.which, drag.places, at[0] - drag.start[0], at[1] - drag.start[1], drag.from);
    if (drag.places.length === 1) this.loupe.show(this.corners(drag.which)[drag.places[0]], at);
  }

  release(event) {
    const { drag } = this;
    if (drag?.pointer !== event.pointerId) return;
    this.stop();
    if (!drag.fresh || !drag.corners) return;
    const [[left, top], , [right, bottom]] = drag.corners;
    const short = DRAWN * this.picture.scale;
    if (right - left > short && bottom - top > short && isRegion(drag.corners))
      this.plan.add(drag.corners);
  }

  /** The system has taken the pointer away. */
  lose(event) {
    if (this.drag?.pointer === event.pointerId) this.cancel();
  }

  /** Take a move back that is under way. */
  cancel() {
    const { drag } = this;
    this.stop();
    if (drag?.moved) this.restore(drag.state);
  }

  stop() {
    this.drag?.fresh?.remove();
    this.drag = null;
    this.loupe.hide();
    removeEventListener("keydown", this.escape);
  }
}

function fitHandle(handle, [x, y], scale) {
  const [finger, knob] = handle.children;
  for (const [name, value] of Object.entries({ cx: x, cy: y, r: FINGER * scale }))
    finger.setAttribute(name, value);
  const half = HANDLE * scale;
  const place =
    knob.tagName === "rect"
      ? { x: x - half, y: y - half, width: 2 * half, height: 2 * half }
      : { cx: x, cy: y, r: half };
  for (const [name, value] of Object.entries(place)) knob.setAttribute(name, value);
}
