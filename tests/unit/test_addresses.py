"""Network addresses of clients behind proxies."""

import pytest

from backend.api.security.addresses import client_address


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
        # With a port, as some proxies write it.
        ("10.0.0.5", "203.0.113.7:4711", "203.0.113.7"),
        ("10.0.0.5", "[2001:db8::1]:443", "2001:db8::/64"),
        ("10.0.0.5", "[2001:db8::1]", "2001:db8::/64"),
        ("10.0.0.5", "[::ffff:203.0.113.7]:443", "203.0.113.7"),
        ("10.0.0.5", "8.8.8.8:1, 10.0.0.7:2, [fd00::7]:3", "8.8.8.8"),
        ("10.0.0.5", "8.8.8.8, , ", "8.8.8.8"),
        ("10.0.0.5", "fe80::1%eth0", "fe80::/64"),
        # As in the header Forwarded.
        ("10.0.0.5", "for=203.0.113.7", "203.0.113.7"),
        ("10.0.0.5", 'proto=https; For="[2001:db8::1]:443"; by=10.0.0.5', "2001:db8::/64"),
        ("10.0.0.5", '"203.0.113.7:4711"', "203.0.113.7"),
    ],
)
def test_address_of_a_client_is_what_the_last_trusted_proxy_says(
    peer: str, forwarded: str, address: str
) -> None:
    scope = {"client": (peer, 4711), "headers": [(b"x-forwarded-for", forwarded.encode())]}
    assert client_address(scope, ["10.0.0.0/8", "fd00::/8"]) == address


@pytest.mark.parametrize(
    "hop",
    [
        "unknown",
        "_hidden",
        "for=unknown",
        "for=",
        "1.2.3",
        "203.0.113.07",
        "203.0.113.7:",
        "203.0.113.7:123456",
        "203.0.113.7:80:80",
        "[2001:db8::1",
        "2001:db8::1]:443",
        "[]:1",
        "203.0.113.7\xff",
        "\u0662.2.2.2".encode().decode("latin-1"),
        "9" * 60_000,
        "[" * 60_000,
        'for="' * 10_000,
    ],
)
def test_address_is_the_last_proxys_where_it_names_none(hop: str) -> None:
    for before in ("", "8.8.8.8, "):
        headers = [(b"x-forwarded-for", (before + hop).encode("latin-1"))]
        assert (
            client_address({"client": ("10.0.0.5", 4711), "headers": headers}, ["10.0.0.0/8"]) == "10.0.0.5"
        )


@pytest.mark.parametrize("client", [None, ("", 0), ("unix:", 0)])
def test_address_of_a_connection_without_one_is_unknown_whatever_is_forwarded(client: object) -> None:
    scope = {"client": client, "headers": [(b"x-forwarded-for", b"8.8.8.8")]}
    assert client_address(scope, ["0.0.0.0/0", "::/0"]) == "unknown"
