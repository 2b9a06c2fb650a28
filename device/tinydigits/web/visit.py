"""A look at whether the page can be shown where the configuration says."""

from __future__ import annotations

from tinydigits.errors import OutputError
from tinydigits.output_tables import WebConfig
from tinydigits.web.address import Address, why
from tinydigits.web.security import Gate
from tinydigits.web.tls import tls_context


def visit(config: WebConfig) -> str:
    """Listen for a moment; returns what was found.

    :raises ConfigError: where it can't work as configured.
    :raises OutputError: where nobody can listen there just now.
    """
    address = Address.from_text(config.address)
    gate = Gate(config, address)
    scheme = "https" if tls_context(config) else "http"
    try:
        address.listen().close()
    except OSError as error:
        raise OutputError(why(address, error)) from None
    for_whom = "who has the token" if gate.has_token else "everybody on this computer"
    return f"{scheme}://{address} is for {for_whom}"
