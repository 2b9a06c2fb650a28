// Quadrilaterals and boxes in pixels of the frame, without a page: four corners [x, y], clockwise
// from the one that is the top left of the number.

export const LEAST_SIDE = 8; // as the reader has it: a smaller region has no room for a digit
export const LEAST_PATCH = 32; // as the reader has it

const tenth = (x) => Math.round(10 * x) / 10;
const within = (x, low, high) => Math.min(high, Math.max(low, x));
const distance = ([a, b], [c, d]) => Math.hypot(a - c, b - d);

/** Whether a region can have these corners: convex, clockwise, and not too small. */
export function isRegion(corners) {
  const turns = corners.map((a, place) => {
    const b = corners[(place + 1) % 4];
    const c = corners[(place + 2) % 4];
    return (b[0] - a[0]) * (c[1] - b[1]) - (b[1] - a[1]) * (c[0] - b[0]);
  });
  const [a, b, c, d] = corners;
  const width = (distance(a, b) + distance(d, c)) / 2;
  const height = (distance(a, d) + distance(b, c)) / 2;
  return turns.every((turn) => turn > 0) && Math.min(width, height) >= LEAST_SIDE + 0.5;
}

/** Some corners moved, together and within the frame; as they were where that makes no region. */
export function moved(corners, which, dx, dy, size) {
  const [x, y] = held(
    which.map((place) => corners[place]),
    dx,
    dy,
    size,
  );
  const next = corners.map((corner, place) =>
    which.includes(place) ? [tenth(corner[0] + x), tenth(corner[1] + y)] : corner,
  );
  return isRegion(next) ? next : corners;
}

/** A way that keeps all of these points inside of the frame. */
function held(points, dx, dy, { width, height }) {
  const xs = points.map((point) => point[0]);
  const ys = points.map((point) => point[1]);
  return [
    within(dx, -Math.min(...xs), Math.max(0, width - Math.max(...xs))),
    within(dy, -Math.min(...ys), Math.max(0, height - Math.max(...ys))),
  ];
}

/** The upright rectangle between two points, as far as the frame holds it. */
export function rectangle(from, to, { width, height }) {
  const xs = [from[0], to[0]].map((x) => tenth(within(x, 0, width))).sort((a, b) => a - b);
  const ys = [from[1], to[1]].map((y) => tenth(within(y, 0, height))).sort((a, b) => a - b);
  return [
    [xs[0], ys[0]],
    [xs[1], ys[0]],
    [xs[1], ys[1]],
    [xs[0], ys[1]],
  ];
}

/** A first region in the middle of the frame. */
export function inMiddle({ width, height }, step = 0) {
  const x = width / 2 + step;
  const y = height / 2 + step;
  const [across, down] = [width / 5, Math.min(width / 16, height / 3)];
  return rectangle([x - across, y - down], [x + across, y + down], { width, height });
}

const around = (corners) => {
  const xs = corners.map((corner) => corner[0]);
  const ys = corners.map((corner) => corner[1]);
  return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
};

/** Whether the middle of one region lies in the other. */
function isAt(one, other) {
  const [left, top, right, bottom] = around(one);
  const [x, y] = [(left + right) / 2, (top + bottom) / 2];
  const [low, high, far, deep] = around(other);
  return low < x && x < far && high < y && y < deep;
}

/** Regions that were found; where there was one before, its name and what is known of it stay. */
export function renamed(found, before) {
  const names = before.map((region) => region.name);
  return found.map((region) => {
    const old = before.find((other) => isAt(region.corners, other.corners));
    if (old) return { ...old, corners: region.corners, digits: region.digits };
    let { name } = region;
    for (let number = 1; names.includes(name); number += 1) name = `number${number}`;
    names.push(name);
    return { ...region, name };
  });
}

/** A patch to begin with. */
export function someBox({ width, height }) {
  const side = Math.min(
    width,
    height,
    Math.max(LEAST_PATCH, Math.round(0.2 * Math.max(width, height))),
  );
  return { left: Math.round((width - side) / 2), top: 0, width: side, height: side };
}

/** The next corner is the top left one: for what hangs on its side or upside down. */
export const turned = ([a, b, c, d]) => [d, a, b, c];

/** The reference patch as corners, and back. */
export const boxCorners = ({ left, top, width, height }) => [
  [left, top],
  [left + width, top],
  [left + width, top + height],
  [left, top + height],
];

export function cornersBox([[left, top], , [right, bottom]]) {
  return { left, top, width: right - left, height: bottom - top };
}

/** A box of whole pixels with some corners moved; it stays a box, and large enough. */
export function boxMoved(box, which, dx, dy, { width, height }) {
  let { left, top } = box;
  let [right, bottom] = [left + box.width, top + box.height];
  const [x, y] = [Math.round(dx), Math.round(dy)];
  if (which.length === 4) {
    left = within(left + x, 0, width - box.width);
    top = within(top + y, 0, height - box.height);
    return { left, top, width: box.width, height: box.height };
  }
  if (which.every((place) => place === 0 || place === 3))
    left = within(left + x, 0, right - LEAST_PATCH);
  if (which.every((place) => place === 1 || place === 2))
    right = within(right + x, left + LEAST_PATCH, width);
  if (which.every((place) => place === 0 || place === 1))
    top = within(top + y, 0, bottom - LEAST_PATCH);
  if (which.every((place) => place === 2 || place === 3))
    bottom = within(bottom + y, top + LEAST_PATCH, height);
  return { left, top, width: right - left, height: bottom - top };
}
