"""Network addresses of clients behind proxies."""

import pytest

from backend.api.addresses import client_address


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("10.0.0.5", "9.9.9.9, 8.8.8.8", "8.8.8.8"),
        ("10.0.0.5", "8.8.8.8, 10.0.0.7", "8.8.8.8"),
        ("11.0.0.5", "8.8.8.8", "11.0.0.5"),
        # As a socket for both versions of the protocol names them.
        ("::ffff:10.0.0.5", "8.8.8.8", "8.8.8.8"),
        ("::ffff:10.0.0.5", "8.8.8.8, ::ffff:10.0.0.7", "8.8.8.8"),
        ("::ffff:11.0.0.5", "8.8.8.8", "11.0.0.5"),
        ("fd00::5", "2001:db8::1", "2001:db8::/64"),
    ],
)
def test_address_of_a_client_is_what_the_last_trusted_proxy_says(
    peer: str, forwarded: str, address: str
) -> None:
    scope = {"client": (peer, 4711), "headers": [(b"x-forwarded-for", forwarded.encode())]}
    assert client_address(scope, ["10.0.0.0/8", "fd00::/8"]) == address
