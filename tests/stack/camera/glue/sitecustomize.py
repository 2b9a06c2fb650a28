"""Python loads this when it starts: prepares Picamera2, whenever the program imports it."""

from __future__ import annotations

import sys
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any


class _Prepared(Loader):
    """A module's own loader, and what is to be done to the module after it."""

    def __init__(self, loader: Any) -> None:
        self._loader = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """As the module's own."""
        return self._loader.create_module(spec)  # type: ignore[no-any-return]

    def exec_module(self, module: ModuleType) -> None:
        """Execute it, then change it."""
        self._loader.exec_module(module)
        import virtual_camera  # imports Picamera2

        virtual_camera.prepare()


class _Finder(MetaPathFinder):
    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """The module picamera2, and no other."""
        if name != "picamera2":
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec:
            spec.loader = _Prepared(spec.loader)
        return spec


sys.meta_path.insert(0, _Finder())
