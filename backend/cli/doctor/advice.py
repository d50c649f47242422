"""Remedies for proxies that hold up streams: data, by finding and by product."""

from collections.abc import Mapping

_NGINX_STREAM = "proxy_buffering off; proxy_http_version 1.1; in the location of /api/"
_COMPRESSION = {
    "nginx": "gzip off; in the location, or leave text/event-stream out of gzip_types",
    "Caddy": "encode with a matcher that leaves text/event-stream out, or no encode on /api/",
    "Apache": "SetEnvIf Request_URI ^/api/ no-gzip=1",
    "Cloudflare": "a Compression Rule that turns compression off for /api/; keep Cache-Control: no-transform",
    "Traefik": 'excludedContentTypes = ["text/event-stream"] in the compress middleware',
}

ADVICE: Mapping[str, Mapping[str, str]] = {
    "buffered": {
        "nginx": f"{_NGINX_STREAM}; don't set proxy_ignore_headers X-Accel-Buffering",
        "Caddy": "flush_interval -1 in reverse_proxy",
        "Apache": "ProxyPass … flushpackets=on, and no mod_deflate or mod_buffer on /api/",
        "Cloudflare": "no Workers or Rules that read the whole body; no caching of /api/",
        "HAProxy": "no option http-buffer-request, no compression; timeout tunnel isn't needed",
        "Traefik": 'no buffering middleware; flushInterval = "-1" in responseForwarding',
    },
    "compressed": _COMPRESSION,
    "http_1_0": {
        "nginx": 'proxy_http_version 1.1; proxy_set_header Connection "";',
        "Apache": "no SetEnv force-proxy-request-1.0 or downgrade-1.0",
        "HAProxy": "mode http with HTTP/1.1 on both sides",
    },
    "cache_control": {
        "nginx": "no proxy_hide_header or add_header for Cache-Control on /api/, no expires there",
        "Apache": "no Header set Cache-Control and no mod_expires on /api/",
        "Cloudflare": "Browser Cache TTL: Respect Existing Headers",
    },
    "no_heartbeat": {
        "": "let the reply through unchanged: something takes the stream apart and writes it anew",
    },
    "last_event_id": {
        "nginx": "no proxy_pass_request_headers off; proxy_set_header Last-Event-ID $http_last_event_id",
        "Caddy": "no header_up -Last-Event-ID",
        "Apache": "no RequestHeader unset Last-Event-ID",
        "Cloudflare": "no Transform Rule that removes request headers",
    },
    "idle_timeout": {
        "nginx": "proxy_read_timeout 60s or more (also send_timeout)",
        "Caddy": "no read_timeout or write_timeout below a minute",
        "Apache": "ProxyTimeout 60, and timeout= of ProxyPass",
        "HAProxy": "timeout server 60s, timeout client 60s",
        "Cloudflare": "100 seconds is its limit: keep STORYWIRE_PING_SECONDS well below",
        "": "or set STORYWIRE_PING_SECONDS below the limit",
    },
    "prefix": {
        "nginx": "give the service a server_name of its own, and proxy_pass without a path after the port",
        "Caddy": "a site of its own rather than handle_path",
        "Apache": "a VirtualHost of its own rather than ProxyPass /name/",
    },
    "cut_short": {
        "nginx": "proxy_read_timeout and send_timeout of a minute or more",
        "HAProxy": "timeout server 60s, timeout client 60s",
        "": "look for a limit on the whole length of a reply; serverless platforms have one",
    },
    "content_type": {
        "": "let Content-Type: text/event-stream through unchanged; an EventSource refuses anything else",
    },
    "forbidden": {
        "": "put the name that the service is called by into STORYWIRE_ALLOWED_HOSTS",
    },
}

_SIGNS = (
    ("cf-ray", "", "Cloudflare"),
    ("server", "cloudflare", "Cloudflare"),
    ("server", "nginx", "nginx"),
    ("server", "openresty", "nginx"),
    ("server", "caddy", "Caddy"),
    ("via", "caddy", "Caddy"),
    ("server", "apache", "Apache"),
    ("via", "haproxy", "HAProxy"),
)


def guess_product(headers: Mapping[str, str]) -> str | None:
    """The proxy in front, if its reply names it. `headers` by lower-case name."""
    for name, sign, product in _SIGNS:
        if name in headers and sign in headers[name].lower():
            return product
    return None


def advise(code: str, product: str | None) -> tuple[str, ...]:
    """The remedies for a finding: for this product alone if it is known, else for each."""
    known = ADVICE.get(code, {})
    chosen = (
        {name: text for name, text in known.items() if name in (product, "")} if product in known else known
    )
    return tuple(f"{name}: {text}" if name else text for name, text in chosen.items())
