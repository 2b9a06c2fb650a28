"""Connected components of a mask, found from its runs of ink.

A run is a stretch of ink in one row. Runs that touch, diagonals included, belong together. Working
on runs keeps the cost in step with the ink instead of the frame, in plain NumPy: SciPy, which does
the same, would cost the device 26 MiB of memory and 110 MB of disk.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
import numpy.typing as npt

Mask = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]


class Components(msgspec.Struct, frozen=True):
    """The components of one mask.

    ``boxes`` is ``int64[N, 4]``: left, top, right, bottom in pixels, right and bottom excluded;
    ``areas`` is ``int64[N]`` in pixels. The runs, ``int64[R]`` each, stand component by component:
    those of component ``k`` from ``first_run[k]`` up to ``first_run[k + 1]``.
    """

    boxes: Ints
    areas: Ints
    run_row: Ints
    run_start: Ints
    run_stop: Ints
    first_run: Ints

    def __len__(self) -> int:
        return len(self.areas)

    def runs_of(self, members: Sequence[int] | Ints) -> Ints:
        """Indices of the runs of some components, one component after the other."""
        ends = self.first_run.tolist()
        runs = [np.arange(ends[k], ends[k + 1]) for k in members]
        return np.concatenate(runs) if runs else np.arange(0)

    def draw(self, members: Sequence[int], box: tuple[int, int, int, int]) -> Mask:
        """The ink of some components inside a box that encloses them: ``bool[height, width]``."""
        left, top, right, bottom = box
        chosen = self.runs_of(members)
        # a column more, where the runs stop that reach the last one
        width = right - left + 1
        edges = np.zeros((bottom - top) * width, np.int8)
        first = (self.run_row[chosen] - top) * width - left
        edges[first + self.run_start[chosen]] = 1
        edges[first + self.run_stop[chosen]] = -1  # runs never touch in a row
        ink = edges.cumsum(dtype=np.int8).view(np.bool_)
        return ink.reshape(-1, width)[:, :-1]


def find_components(mask: Mask, corner: tuple[int, int] = (0, 0)) -> Components:
    """Label the ink of ``bool[H, W]``; components are numbered by their first pixel.

    :param corner: column and row of the mask's first pixel, in what positions are counted in.
    """
    row, start, stop = _runs(mask)
    component = _join(len(row), *_touching(row, start, stop, mask.shape[1]))
    order = np.argsort(component, kind="stable")
    row, start, stop = row[order] + corner[1], start[order] + corner[0], stop[order] + corner[0]
    counts = np.bincount(component)
    first = np.concatenate(([0], np.cumsum(counts)))
    if not counts.size:
        return Components(np.zeros((0, 4), np.int64), counts, row, start, stop, first)
    sides = (
        np.minimum.reduceat(start, first[:-1]),
        row[first[:-1]],  # a component's runs stand in reading order
        np.maximum.reduceat(stop, first[:-1]),
        row[first[1:] - 1] + 1,
    )
    areas = np.add.reduceat(stop - start, first[:-1])
    return Components(np.stack(sides, axis=1), areas, row, start, stop, first)


def _runs(mask: Mask) -> tuple[Ints, Ints, Ints]:
    """Row, first column and column behind the last of every run, in reading order."""
    inked = np.flatnonzero(mask.any(axis=1))
    if not inked.size:
        return inked, inked, inked
    top, width = int(inked[0]), mask.shape[1]
    mask = mask[top : inked[-1] + 1]
    padded = np.zeros((len(mask), width + 2), np.bool_)
    padded[:, 1:-1] = mask
    # a row's changes between paper and ink come in pairs: where a run starts, where it stops
    changes = np.flatnonzero(padded[:, 1:] != padded[:, :-1])
    row, start = np.divmod(changes[0::2], width + 1)
    return row + top, start, changes[1::2] % (width + 1)


def _touching(row: Ints, start: Ints, stop: Ints, width: int) -> tuple[Ints, Ints]:
    """All pairs of runs in neighbouring rows that touch, diagonally too."""
    stride = width + 2  # keeps rows apart when row and column become one ascending key
    first = np.searchsorted(row * stride + stop, (row + 1) * stride + start, side="left")
    behind = np.searchsorted(row * stride + start, (row + 1) * stride + stop, side="right")
    counts = np.maximum(behind - first, 0)
    upper = np.repeat(np.arange(len(row)), counts)
    offset = np.arange(len(upper)) - np.repeat(np.cumsum(counts) - counts, counts)
    return upper, np.repeat(first, counts) + offset


def _join(count: int, left: Ints, right: Ints) -> Ints:
    """Number the classes of ``count`` things of which these pairs belong together.

    Every thing points at a smaller one of its class; pairs hook the larger root to the smaller,
    and paths are halved, until nothing moves.
    """
    parent = np.arange(count)
    while True:
        a, b = parent[left], parent[right]
        differ = a != b
        if not differ.any():
            break
        a, b = a[differ], b[differ]
        np.minimum.at(parent, np.maximum(a, b), np.minimum(a, b))
        while (parent[parent] != parent).any():
            parent = parent[parent]
    roots = parent == np.arange(count)
    return np.asarray(np.cumsum(roots)[parent] - 1)
