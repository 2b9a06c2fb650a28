"""How many examples Hypothesis makes up: few each time, many with ``make slow``."""

from __future__ import annotations

from typing import Final

from hypothesis import settings

QUICK: Final = 30
"""Of each property, where it says nothing else."""

THOROUGH: Final = 200

FEW: Final = 5
"""Where a processor is emulated, at a twentieth of the speed."""


def register() -> None:
    """Let pytest choose with ``--hypothesis-profile``; no example is timed: machines are busy."""
    settings.register_profile("quick", max_examples=QUICK, deadline=None)
    settings.register_profile("few", max_examples=FEW, deadline=None)
    settings.register_profile("thorough", max_examples=THOROUGH, deadline=None)
    settings.load_profile("quick")


def costly(share: float) -> settings:
    """Settings of a property whose examples cost much: this share of the usual number."""
    usual = settings.default
    assert usual  # there always is one
    return settings(max_examples=max(round(share * usual.max_examples), 3))
