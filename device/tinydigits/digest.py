"""SHA-256 without the 3.4 MiB of memory that ``hashlib`` takes to load OpenSSL for it.

The standard library's ``random`` does the same. The interpreter's own modules have no promise to
stay, so where they are missing it is ``hashlib`` after all.
"""

from __future__ import annotations

try:
    from _sha2 import sha256  # type: ignore[import-not-found] # Python 3.12 and later
except ImportError:
    try:
        from _sha256 import sha256  # type: ignore[import-not-found] # Python 3.11
    except ImportError:
        from hashlib import sha256


def sha256_hex(content: bytes) -> str:
    """The SHA-256 of some bytes as 64 hex digits."""
    return str(sha256(content).hexdigest())
