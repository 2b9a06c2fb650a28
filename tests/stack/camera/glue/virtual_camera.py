"""What the real Picamera2 needs to work with libcamera's virtual camera, and failures on demand."""

from __future__ import annotations

import os
import time
from itertools import count
from typing import Any

import libcamera
import picamera2.picamera2
from picamera2 import Picamera2
from picamera2.allocators import DmaAllocator
from picamera2.job import Job

FAIL_EVERY = "STACK_FAIL_EVERY"
"""Environment variable: every so many captures, one fails."""

FRAMES_A_SECOND = 100


def prepare() -> None:
    """Change Picamera2 where the virtual camera is unlike a real one."""
    Picamera2._get_raw_modes = _raw_modes  # noqa: SLF001  there is no other way
    picamera2.picamera2.DmaAllocator = _PlanarAllocator
    Picamera2.process_requests = _paced(Picamera2.process_requests)
    every = int(os.environ.get(FAIL_EVERY, "0"))
    if every:
        Picamera2.capture_request = _failing(Picamera2.capture_request, every)


def _raw_modes(camera: Any) -> list[dict[str, Any]]:
    """Its largest size: it has no raw stream, which Picamera2 asks for the sensor's modes."""
    roles = [libcamera.StreamRole.VideoRecording]
    size = camera.camera.generate_configuration(roles).at(0).size
    return [{"format": "NV12", "size": (size.width, size.height)}]


class _PlanarAllocator(DmaAllocator):  # type: ignore[misc]  # it has no types
    """Buffers of two planes: the virtual camera fills planes where others fill buffers."""

    def allocate(self, libcamera_config: Any, use_case: Any) -> None:
        super().allocate(libcamera_config, use_case)
        for config in libcamera_config:
            whole = self.frame_buffers[config.stream]
            self.frame_buffers[config.stream] = [self._parted(one, config) for one in whole]

    def _parted(self, whole: Any, config: Any) -> Any:
        luma = config.stride * config.size.height
        planes = []
        for offset, length in ((0, luma), (luma, config.frame_size - luma)):
            plane = libcamera.FrameBuffer.Plane()
            plane.fd, plane.offset, plane.length = whole.planes[0].fd, offset, length
            planes.append(plane)
        parted = libcamera.FrameBuffer(planes)
        # libcamera duplicates the descriptor, by which Picamera2 looks buffers up
        descriptor = parted.planes[0].fd
        self.libcamera_fds.append(descriptor)
        self.mapped_buffers_used[descriptor] = False
        self.mapped_buffers[parted] = self.mapped_buffers.pop(whole)
        return parted


def _paced(process: Any) -> Any:
    """The camera's loop, no faster than its frames would come: the virtual camera never waits."""

    def process_requests(camera: Any, display: Any) -> None:
        time.sleep(1 / FRAMES_A_SECOND)
        process(camera, display)

    return process_requests


def _failing(capture: Any, every: int) -> Any:
    """Captures, every so many of which fail: by turns with an error, and by giving no frame."""
    calls = count(1)

    def capture_request(camera: Any, *arguments: Any, **options: Any) -> Any:
        call = next(calls)
        if call % every:
            return capture(camera, *arguments, **options)
        if call // every % 2:
            raise RuntimeError("the test lets it fail")
        return Job([lambda: (False, None)])

    return capture_request
