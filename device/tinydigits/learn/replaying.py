"""What ``tinydigits replay`` does: a recording decides whether an update may be made."""

from __future__ import annotations

import argparse
import logging

from tinydigits.command import indented_json
from tinydigits.config import Config
from tinydigits.files import printable
from tinydigits.learn.recording import read_recording
from tinydigits.learn.replay import render_replay, replay
from tinydigits.models.in_use import model_of
from tinydigits.options import NAME, NOTHING_READ, check_share
from tinydigits.regions import make_frame_reader
from tinydigits.status.document import NUMBERS

log = logging.getLogger(NAME)


def replay_command(options: argparse.Namespace, config: Config) -> int:
    """``tinydigits replay``."""
    check_share("--min-right", options.min_right)
    frames = read_recording(options.recording)
    reader = make_frame_reader(config, model_of(config.model))
    found = replay(frames, reader, config)
    if options.json:
        print(indented_json(found, NUMBERS.encode))
    else:
        print(render_replay(found, printable(options.recording)))
    if found.wrong:
        log.error("wrong values were accepted: %d", found.wrong)
    if found.share < options.min_right:
        log.error(
            "%.4f of the values are right where %g is asked for", found.share, options.min_right
        )
    return NOTHING_READ if found.wrong or found.share < options.min_right else 0
