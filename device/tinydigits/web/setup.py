"""Set up by looking: regions that are drawn in the page, tried on the last frame, and written."""

from __future__ import annotations

from typing import Final, TypeVar

import msgspec
from starlette.responses import Response

from tinydigits.config import Config, regions_file
from tinydigits.drawn import Drawing, DrawnReference, DrawnRegion, config_block
from tinydigits.drawn_file import drawn_patch, why_not_writable, with_drawing, write_drawing
from tinydigits.errors import ConfigError
from tinydigits.frame import Frame, Luma
from tinydigits.propose import PATCH_NAME, propose_patch, propose_regions
from tinydigits.reader import Reading
from tinydigits.region import Box, Point, rectified_size
from tinydigits.regions import load_reference, make_frame_reader, make_rules, region_corners
from tinydigits.status.document import NUMBERS
from tinydigits.web.operation import JSON, Call, Nothing, Operation
from tinydigits.web.refusal import Refusal
from tinydigits.web.revision import IF_MATCH, check_match, file_tag
from tinydigits.web.security import Access
from tinydigits.web.site import Site

T = TypeVar("T")

TOML: Final = "application/toml"

MOST_AREA: Final = 4
"""All regions together, as a multiple of the frame: what overlaps is read several times."""

_DECIMALS: Final = 1
"""Of corners; a tenth of a pixel is nothing to a reader."""


class RegionsShown(msgspec.Struct, frozen=True):
    """What is read, and by what a bumped camera is noticed, as they lie in the last frame.

    ``why_not`` says why they can't be written, where they can't.
    """

    regions: tuple[DrawnRegion, ...]
    reference: DrawnReference | None
    writable: bool
    why_not: str


class Tried(msgspec.Struct, frozen=True):
    """What is read in the last frame with regions that were tried, in their order.

    ``trouble`` says why the reference can't be one, where it can't.
    """

    readings: tuple[Reading, ...]
    trouble: str


async def _shown(call: Call[Nothing, None]) -> Response:
    site = call.site
    why_not = _why_not(site)
    _, told = site.board.last

    def look() -> tuple[Drawing, str]:
        config = site.daemon.config
        tag = site.revisions.shown(config, regions_file(site.config.regions))
        return drawing_of(config, told.frame.luma if told else None), tag

    drawing, tag = await site.worker.do(look)
    return _tagged(RegionsShown(drawing.regions, drawing.reference, not why_not, why_not), tag)


def _tagged(shown: RegionsShown, tag: str) -> Response:
    return Response(NUMBERS.encode(shown), headers={"etag": tag}, media_type=JSON)


def _why_not(site: Site) -> str:
    if not site.config.token:
        return "writing takes a token, and the configuration names none: set web.token"
    return why_not_writable(regions_file(site.config.regions))


def drawing_of(config: Config, luma: Luma | None) -> Drawing:
    """The configured regions as they lie in a frame, or as they were set up where there is none.

    Where the camera has moved since, so have they: what is seen is what is drawn.
    """
    box, drift = None, None
    try:
        reference = load_reference(config.reference)
    except ConfigError:  # its picture has gone since it was loaded
        reference = None
    if reference:
        box = reference.box
        drift = reference.drift(luma) if luma is not None else None
    if box and drift and luma is not None:
        box = _inside((box[0] + round(drift.x), box[1] + round(drift.y), *box[2:]), luma)

    def place(corner: tuple[float, float]) -> tuple[float, float]:
        x, y = drift.follow(Point(*corner)) if drift else corner
        return round(x, _DECIMALS), round(y, _DECIMALS)

    regions = tuple(
        DrawnRegion(
            region.name,
            tuple(place(corner) for corner in region.corners),
            region.digits,
            region.polarity,
            region.cells,
        )
        for region in config.region
    )
    return Drawing(regions, DrawnReference(*box) if box else None)


def _inside(box: Box, luma: Luma) -> Box:
    """As much of a box as the frame holds."""
    left, top, width, height = box
    x, y = max(0, left), max(0, top)
    right, bottom = min(luma.shape[1], left + width), min(luma.shape[0], top + height)
    return x, y, max(0, right - x), max(0, bottom - y)


def _check_fits(drawing: Drawing, luma: Luma) -> None:
    """Refuse what lies outside of the frame, or takes several times as long as all of it."""
    height, width = luma.shape
    area = 0
    for region in drawing.regions:
        across, down = rectified_size(region_corners(region.name, region.corners))
        area += across * down
        if not all(0 <= x <= width and 0 <= y <= height for x, y in region.corners):
            raise ConfigError(
                f"region '{region.name}': a corner is outside of the frame, {width}x{height}"
            )
    if area > MOST_AREA * width * height:
        raise ConfigError(f"the regions together are more than {MOST_AREA} times the frame")


async def _try(call: Call[Nothing, Drawing]) -> Tried:
    frame, config = _frame(call), with_drawing(call.site.daemon.config, call.body)
    _check_fits(call.body, frame.luma)

    def read() -> Tried:
        reader = make_frame_reader(config, call.site.daemon.classifier)
        return Tried(reader.read(frame).readings, _trouble(call.body.reference, frame))

    return await _bounded(call).worker.do(read)


def _trouble(reference: DrawnReference | None, frame: Frame) -> str:
    try:
        if reference:
            drawn_patch(frame.luma, reference)
    except ConfigError as error:
        return str(error)
    return ""


async def _propose(call: Call[Nothing, None]) -> Drawing:
    luma, classifier = _frame(call).luma, call.site.daemon.classifier

    def propose() -> Drawing:
        found = propose_regions(classifier, luma)
        patch = propose_patch(luma, found)
        return Drawing(
            tuple(proposal.drawn for proposal in found), DrawnReference(*patch) if patch else None
        )

    return await _bounded(call).worker.do(propose)


async def _toml(call: Call[Nothing, Drawing]) -> Response:
    drawing = call.body
    box = drawing.reference.box if drawing.reference else None
    headers = {"content-disposition": 'attachment; filename="regions.toml"'}
    content = config_block(drawing.regions, box, PATCH_NAME)
    return Response(content, headers=headers, media_type=TOML)


async def _write(call: Call[Nothing, Drawing]) -> Response:
    site = call.site
    path = regions_file(site.config.regions)
    why_not = why_not_writable(path)
    if why_not or path is None:
        raise Refusal(409, why_not)
    frame, config = _frame(call), with_drawing(site.daemon.config, call.body)
    _check_fits(call.body, frame.luma)
    seen = call.request.headers.get(IF_MATCH)

    def write() -> str:
        check_match(seen, file_tag(path))
        site.revisions.shown(site.daemon.config, path)  # which is at work for a moment yet
        # all that could keep the program from taking it over is found before it is written
        make_frame_reader(config, site.daemon.classifier)
        make_rules(config)
        write_drawing(path, call.body, frame.luma)
        site.daemon.reload()
        return file_tag(path)

    tag = await site.worker.do(write)
    shown = RegionsShown(call.body.regions, call.body.reference, writable=True, why_not="")
    return _tagged(shown, tag)


def _frame(call: Call[Nothing, T]) -> Frame:
    """The last frame."""
    _, told = call.site.board.last
    if told is None:
        raise Refusal(503, "no frame has come yet", wait=1)
    return told.frame


def _bounded(call: Call[Nothing, T]) -> Site:
    """The site, where there is time for one thing more that takes some."""
    if wait := call.site.tries.take(""):
        raise Refusal(429, "too much is tried at once: wait", wait=wait)
    return call.site


OPERATIONS: Final = (
    Operation(
        "GET",
        "/api/v1/regions",
        "The regions, where they are now",
        _shown,
        answer=RegionsShown,
        tells={"ETag": "Tells the regions from those that are written later."},
        refusals=(503,),
    ),
    Operation(
        "POST",
        "/api/v1/regions/try",
        "Read the last frame with other regions",
        _try,
        answer=Tried,
        body=Drawing,
        refusals=(429, 503),
    ),
    Operation(
        "POST",
        "/api/v1/regions/propose",
        "Find numbers in the last frame, and a reference",
        _propose,
        answer=Drawing,
        refusals=(429, 503),
    ),
    Operation(
        "POST",
        "/api/v1/regions/toml",
        "Regions as the configuration has them",
        _toml,
        answer=TOML,
        body=Drawing,
    ),
    Operation(
        "PUT",
        "/api/v1/regions",
        "Write regions to web.regions, and read with them",
        _write,
        answer=RegionsShown,
        access=Access.OWNER,
        body=Drawing,
        takes={IF_MATCH: "The ETag of those that may be overwritten; without it, any."},
        tells={"ETag": "Of those that were written."},
        refusals=(409, 412, 503),
    ),
)
