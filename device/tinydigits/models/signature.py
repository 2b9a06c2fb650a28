"""Who signed a model: OpenSSH's signatures, which ``ssh-keygen`` makes and checks."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

from tinydigits.errors import ConfigError, ModelError

NAMESPACE: Final = "tinydigits-model"
"""What a signature is for, so that one for a mail or a commit is none for a model."""

SUFFIX: Final = ".sig"
"""What ``ssh-keygen -Y sign`` appends to the name of the file."""

SECONDS: Final = 30
"""A check takes milliseconds."""


def signer_of(content: bytes, signature: Path, signers: Path) -> str:
    """The principal in the list of allowed signers by whom a model was signed.

    :raises ModelError: where it was signed by nobody in the list, or is another file.
    :raises ConfigError: where there is no list.
    """
    if not signers.is_file() or not os.access(signers, os.R_OK):
        raise ConfigError(f"model.signers is {signers}: there is no such file, or it can't be read")
    if not signature.is_file():
        raise ModelError(
            f"it is not signed: there is no {signature}, and model.signers asks for a signature"
        )
    places = ["-f", str(signers), "-s", str(signature)]
    found = _ssh_keygen("find-principals", *places, content=b"")
    if not found:
        raise ModelError(f"its signature is by nobody that {signers} allows")
    principal = found[0]
    if not _ssh_keygen("verify", *places, "-I", principal, "-n", NAMESPACE, content=content):
        raise ModelError(
            f"its signature does not hold: it is for another file, or not for '{NAMESPACE}', or "
            f"its key is not valid now"
        )
    return principal


def _ssh_keygen(action: str, *arguments: str, content: bytes) -> list[str]:
    """What it printed, line by line; nothing where it says no."""
    program = shutil.which("ssh-keygen")
    if not program:
        raise ModelError(
            "its signature can't be checked: ssh-keygen is missing (Debian: openssh-client)"
        )
    try:
        ended = subprocess.run(  # noqa: S603  found on the path
            [program, "-Y", action, *arguments],
            input=content,
            capture_output=True,
            timeout=SECONDS,
            check=False,
        )
    except (subprocess.TimeoutExpired, OSError, ValueError) as error:
        raise ModelError(f"its signature can't be checked: {error}") from error
    return ended.stdout.decode(errors="replace").splitlines() if ended.returncode == 0 else []
