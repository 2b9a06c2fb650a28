"""Who may ask what: the token, the names of this computer, and where a request comes from."""

from __future__ import annotations

import enum
import hmac
import socket
from collections.abc import Mapping
from ipaddress import ip_address
from typing import Final

from starlette.requests import Request

from tinydigits.errors import ConfigError
from tinydigits.output_tables import WebConfig
from tinydigits.secret import read_secret
from tinydigits.web.address import Address
from tinydigits.web.limits import WRONG_TOKENS, Buckets, client_of
from tinydigits.web.refusal import Refusal

SHORTEST_TOKEN: Final = 16
"""Characters: 64 bits where they are hexadecimal, which no one guesses over a network."""

MAKE_TOKEN: Final = "(umask 077; head -c 24 /dev/urandom | base64 > web.token)"  # noqa: S105  a command
"""Makes a good one, in any shell."""

HEADERS: Final[Mapping[str, str]] = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}
"""Of every answer. Nothing in the page runs or loads but its own files, and no page of others may
hold it or anything of it."""

_OWN_SITE: Final = frozenset({"same-origin", "none"})
"""What browsers say in Sec-Fetch-Site of the page itself, and of an address that was typed in."""

_SCHEME: Final = "bearer"

_LOCAL_NAMES: Final = frozenset({"localhost", "127.0.0.1", "[::1]"})


class Access(enum.Enum):
    """What it takes to be answered."""

    FREE = enum.auto()
    """Nothing: there is nothing secret in the answer, and nothing changes."""
    GUARDED = enum.auto()
    """The token, where one is configured, and no page of others in between."""
    OWNER = enum.auto()
    """The token always, so that there must be one."""


class Gate:
    """Lets requests in, or not.

    :raises ConfigError: where others can come to the address and there is no good token.
    """

    def __init__(self, config: WebConfig, address: Address) -> None:
        self._token = _token(config, address)
        others = {_without_port(name).lower() for name in config.hosts}
        self._names = _LOCAL_NAMES | _own_names() | others
        self._wrong = Buckets(WRONG_TOKENS)

    @property
    def has_token(self) -> bool:
        """Whether one is configured."""
        return bool(self._token)

    def check_host(self, host: str, local: str) -> None:
        """Refuse a request for another computer, as a page of others sends it that had its own
        name led here.

        :param host: the header, with its port.
        :param local: the address of this computer that it came to.
        """
        name = _without_port(host).lower()
        if name not in self._names and not _is_same(name, local):
            raise Refusal(
                421,
                "this computer isn't known by that name: add it to web.hosts if it is its own",
                abuse="host",
            )

    def admit(self, request: Request, access: Access) -> None:
        """Refuse a request that may not have what it asks for."""
        if access is Access.FREE:
            return
        _check_origin(request.headers)
        self._check_token(request, access)

    def _check_token(self, request: Request, access: Access) -> None:
        if not self._token:
            if access is Access.OWNER:
                raise Refusal(403, f"this takes a token: {MAKE_TOKEN}, and name it in web.token")
            return
        client = client_of(request.client.host if request.client else "")
        if wait := self._wrong.wait(client):
            raise Refusal(429, "too many wrong tokens: wait", abuse="guesses", wait=wait)
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        right = hmac.compare_digest(given.strip().encode(), self._token)
        if scheme.lower() == _SCHEME and right:
            return
        if scheme:  # without any nobody guesses: it is a page that has not been told the token yet
            self._wrong.take(client)
        raise Refusal(
            401,
            "this takes the token of the file that web.token names: Authorization: Bearer TOKEN",
            abuse="token" if scheme else None,
            headers={"www-authenticate": "Bearer"},
        )


def _token(config: WebConfig, address: Address) -> bytes:
    """The token that is to be shown, or nothing where everybody here may come in."""
    if not config.token:
        if address.is_loopback:
            return b""
        raise ConfigError(
            f"web.token is needed where others can come to web.address, {address}: "
            f"{MAKE_TOKEN}, and token = 'web.token'"
        )
    token = read_secret("web.token", config.token).strip()
    if len(token) < SHORTEST_TOKEN or not token.isascii():
        raise ConfigError(
            f"web.token: a token takes {SHORTEST_TOKEN} characters of ASCII or more: {MAKE_TOKEN}"
        )
    return token.encode()


def _own_names() -> frozenset[str]:
    """What this computer calls itself, and what its network calls it then."""
    name = socket.gethostname().lower()
    return frozenset({name, f"{name}.local"} if name else ())


def _without_port(host: str) -> str:
    name, colon, port = host.rpartition(":")
    return name if colon and port.isdecimal() else host


def _is_same(name: str, local: str) -> bool:
    try:
        return _number(name) == _number(local)
    except ValueError:
        return False


def _number(host: str) -> object:
    address = ip_address(host.strip("[]").partition("%")[0])
    return getattr(address, "ipv4_mapped", None) or address


def _check_origin(headers: Mapping[str, str]) -> None:
    """Refuse what a page of others has a browser send."""
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    foreign = site is not None and site not in _OWN_SITE
    # the scheme may be another one where somebody in front of this speaks https
    if foreign or (origin is not None and origin.partition("://")[2] != headers.get("host")):
        raise Refusal(403, "another page may not ask this", abuse="origin")
