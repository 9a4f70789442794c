"""An OpenID Connect provider on a loopback port: discovery, codes with PKCE, signed tokens, user info."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

CLIENT_ID, CLIENT_SECRET = "likeness", "a secret of the tests"
KEY = rsa.generate_private_key(65537, 2048)


class IdentityProvider(ThreadingHTTPServer):
    """Confirms that whoever comes is the person of `claims`; `mood` makes it misbehave."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.claims: dict[str, Any] = {"sub": "1234", "preferred_username": "ada", "email": "ada@example.org"}
        self.mood = ""
        self.codes: dict[str, dict[str, str]] = {}

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


@contextmanager
def running() -> Iterator[IdentityProvider]:
    """Run a provider in a thread."""
    provider = IdentityProvider()
    thread = threading.Thread(target=provider.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield provider
    finally:
        provider.shutdown()
        thread.join()
        provider.server_close()


class Handler(BaseHTTPRequestHandler):
    """Answers as OpenID Connect Core 1.0 asks."""

    server: IdentityProvider

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if self.server.mood == "broken":
            self._answer({"error": "server_error"}, 500)
        elif parts.path == "/.well-known/openid-configuration":
            self._answer(self._discovery())
        elif parts.path == "/authorize":
            self._authorize(query)
        elif parts.path == "/userinfo":
            known = self.headers["Authorization"] == "Bearer access"
            self._answer(self.server.claims if known else {"error": "invalid_token"}, 200 if known else 401)
        elif parts.path == "/jwks":
            self._answer({"keys": [json.loads(RSAAlgorithm.to_jwk(KEY.public_key())) | {"kid": "k"}]})
        else:
            self._answer({}, 404)

    def do_POST(self) -> None:
        text = self.rfile.read(int(self.headers["Content-Length"])).decode()
        form = {name: values[0] for name, values in parse_qs(text).items()}
        code = self.server.codes.pop(form.get("code", ""), None)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        known = form.get("client_id") == CLIENT_ID and form.get("client_secret") == CLIENT_SECRET
        if not known or code is None or code["code_challenge"] != challenge.decode().rstrip("="):
            self._answer({"error": "invalid_grant"}, 400)
            return
        now = int(time.time())
        token = {**self.server.claims, "iss": self.server.issuer, "aud": CLIENT_ID, "iat": now, "exp": now + 60}
        signed = jwt.encode(token, KEY, "RS256", headers={"kid": "k"})
        self._answer({"access_token": "access", "token_type": "Bearer", "expires_in": 60, "id_token": signed})

    def _discovery(self) -> dict[str, Any]:
        issuer = self.server.issuer
        return {
            "issuer": issuer,
            "authorization_endpoint": f"{issuer}/authorize",
            "token_endpoint": f"{issuer}/token",
            "userinfo_endpoint": f"{issuer}/userinfo",
            "jwks_uri": f"{issuer}/jwks",
            "token_endpoint_auth_methods_supported": ["client_secret_post"],
        }

    def _authorize(self, query: dict[str, str]) -> None:
        """Ask nobody: the person is known, and either agrees or cancels."""
        assert query["response_type"] == "code"
        assert query["code_challenge_method"] == "S256"
        assert "openid" in query["scope"].split()
        if self.server.mood == "cancelled":
            answer = {"error": "access_denied", "state": query["state"]}
        else:
            code = secrets.token_urlsafe(16)
            self.server.codes[code] = query
            answer = {"code": code, "state": query["state"]}
        self.send_response(302)
        self.send_header("Location", f"{query['redirect_uri']}?{urlencode(answer)}")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _answer(self, data: Any, status: int = 200) -> None:
        body = json.dumps(data).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        """Say nothing."""
