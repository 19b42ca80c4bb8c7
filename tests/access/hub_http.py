"""HTTP of the hub of the tests: requests, answers, and what goes wrong with them on purpose."""

from __future__ import annotations

import json
import socket
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from hub import Hub

Content = bytes | memoryview


@dataclass(frozen=True)
class Call:
    """A request as a handler sees it.

    Attributes:
        path: as sent, with its percent signs; `found` has its named parts without.
        headers: by their usual spelling, as "Content-Type".
        user: None without a token, "" with a wrong one.
        on_cdn: whether it came to the storage's port.
    """

    method: str
    path: str
    query: dict[str, list[str]]
    headers: Mapping[str, str]
    body: bytes
    user: str | None
    found: dict[str, str] = field(default_factory=dict)
    on_cdn: bool = False

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Answer:
    """Status, body and headers; `Content-Length` is set by the server."""

    status: int = 200
    body: Content = b""
    headers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, value: Any, *, status: int = 200, **headers: str) -> Answer:
        body = json.dumps(value).encode()
        return cls(status, body, {"Content-Type": "application/json", **headers})

    @classmethod
    def error(cls, status: int, code: str | None, message: str, **headers: str) -> Answer:
        """Form: hf_raise_for_status reads X-Error-Code and X-Error-Message."""
        named = {"X-Error-Message": message, **({"X-Error-Code": code} if code else {})}
        return cls.of({"error": message}, status=status, **named, **headers)


@dataclass
class Fault:
    """What goes wrong with the next `times` requests that fit.

    Kinds: "status" (with `status` and `headers`, as {"Retry-After": "1"}), "drop" (closed without
    an answer), "cut" (closed at the fraction `at` of the body), "short" and "long" (a body of
    another length that is declared as such), "wrong" (one byte is another), "slow" (`seconds`
    before the answer).
    """

    kind: str
    path: str = ""  # a regular expression that is searched for in the path
    method: str | None = None
    times: int = 1
    skip: int = 0  # this many fitting requests go well first
    status: int = 500
    headers: dict[str, str] = field(default_factory=dict)
    at: float = 0.5
    seconds: float = 0.1


def listen(hub: Hub, port: int, *, on_cdn: bool) -> ThreadingHTTPServer:
    class Listener(_Listener):
        pass

    Listener.hub, Listener.on_cdn = hub, on_cdn
    server = _Server(("127.0.0.1", port), Listener)
    return server


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that has gone away is part of the tests."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class _Listener(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16
    disable_nagle_algorithm = True
    hub: Hub
    on_cdn: bool

    def log_message(self, *_: Any) -> None:
        pass

    def _serve(self) -> None:
        url = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            body = self._chunks()
        call = Call(
            self.command,
            url.path,
            parse_qs(url.query),
            dict(self.headers.items()),
            body,
            self._user(),
            on_cdn=self.on_cdn,
        )
        call = _with_headers(call)
        with self.hub.state.lock:
            self.hub.state.calls.append(call)
        fault = self.hub.fault_for(call)
        if fault is not None and fault.kind == "drop":
            return self._hang_up()
        if fault is not None and fault.kind == "status":
            message = f"fault {fault.status}"
            return self._send(Answer.error(fault.status, None, message, **fault.headers), None)
        if fault is not None and fault.kind == "slow":
            time.sleep(fault.seconds)
        try:
            answer = self.hub.answer(call)
        except Exception as error:  # a fault of the test's own: the client shall see which
            answer = Answer.error(500, None, f"{type(error).__name__}: {error}")
            self._send(answer, None)
            raise
        self._send(answer, fault)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = _serve

    def _user(self) -> str | None:
        header = self.headers.get("Authorization")
        if header is None:
            return None
        return self.hub.state.tokens.get(header.removeprefix("Bearer "), "")

    def _chunks(self) -> bytes:
        parts = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def _send(self, answer: Answer, fault: Fault | None) -> None:
        body = answer.body
        if fault is not None and body and self.command == "GET":
            body = bytes(body)
            if fault.kind == "wrong":
                middle = len(body) // 2
                body = body[:middle] + bytes([body[middle] ^ 1]) + body[middle + 1 :]
            elif fault.kind == "short":
                body = body[: int(len(body) * fault.at)]
            elif fault.kind == "long":
                body = body + b"!"
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "HEAD":
            return
        if fault is not None and fault.kind == "cut":
            self.wfile.write(body[: int(len(body) * fault.at)])
            return self._hang_up()
        self.wfile.write(body)

    def _hang_up(self) -> None:
        self.wfile.flush()
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)


def _with_headers(call: Call) -> Call:
    """Headers by their usual spelling, whatever the client sent."""
    return Call(**{**call.__dict__, "headers": {k.title(): v for k, v in call.headers.items()}})
