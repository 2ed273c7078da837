"""Connections whose clients may be slow, but not for ever: each holds a file of the process, and what it has sent."""

from __future__ import annotations

import asyncio
from typing import Any

from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_SECONDS = 60.0  # for a request's first line and headers
HEAD_BYTES = 64 * 1024
LAST_BODY_SECONDS = 5.0  # for the rest of a request, once the service ends
SEND_SECONDS = 60.0  # in which a client takes some of an answer
_OF_UPGRADE = (b"upgrade", b"http2-settings")


class Connection(HttpToolsProtocol):
    """A connection that is closed where its client owes a request's head, or takes nothing of an answer, for too long.

    While a connection rests between two requests, uvicorn's own limit holds; how long a body may take is the answer's.
    """

    def connection_made(self, transport: Any) -> None:
        """Wait for the first request."""
        super().connection_made(transport)
        self._in_head, self._head_bytes = False, 0
        self._owing: asyncio.TimerHandle | None = None
        self._sending: asyncio.TimerHandle | None = None
        self._wait_for_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing any more."""
        self._head_is_here()
        self._is_taken()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what has come; a head without an end is refused."""
        self._unset_keepalive_if_required()
        was_in_head = self._in_head
        try:
            self._parse(data)
        except HttpParserError:
            self.send_400_response("Invalid HTTP request received.")
        if self.transport.is_closing():
            return
        if was_in_head and self._in_head:
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_BYTES:
                self.send_400_response(f"the request's first line and headers have more than {HEAD_BYTES} bytes")
        elif self._owing is None and (self.cycle is None or self.cycle.response_complete):
            self._wait_for_head()  # of the next request, behind the rest of this one, which nobody reads

    def _parse(self, data: bytes) -> None:
        """Parse what has come, as if nobody had asked to go on with another protocol, such as HTTP/2.

        The parser takes what comes behind such a head for that protocol's; it is the request's body.
        """
        try:
            self.parser.feed_data(data)
        except HttpParserUpgrade as upgrade:
            head, rest = self._head_without_upgrade(), data[upgrade.args[0] :]
            self.parser = HttpRequestParser(self)
            self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn's own
            self.parser.feed_data(head)
            if rest:
                self._parse(rest)

    def _head_without_upgrade(self) -> bytes:
        """Return the head that was parsed last, without what asks for another protocol.

        Raises:
            HttpParserError: it asks for nothing else.
        """
        method = self.parser.get_method()
        if method == b"CONNECT":
            raise HttpParserError("CONNECT")
        lines = [method + b" " + self.url + b" HTTP/" + self.parser.get_http_version().encode()]
        for name, value in self.headers:
            if name == b"connection":
                words = [word.strip() for word in value.split(b",")]
                value = b", ".join(word for word in words if word.lower() not in _OF_UPGRADE)
            if name not in _OF_UPGRADE:
                lines.append(name + b": " + value)
        return b"\r\n".join([*lines, b"", b""])

    def on_message_begin(self) -> None:
        """Wait for the rest of a head."""
        super().on_message_begin()
        self._in_head, self._head_bytes = True, 0
        self._wait_for_head()

    def on_headers_complete(self) -> None:
        """Let the request be answered."""
        if not self.parser.should_upgrade():
            self._head_is_here()
            super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Let the answer know that it has all of the request."""
        if not self.parser.should_upgrade():
            super().on_message_complete()

    def shutdown(self) -> None:
        """End once the request under way is answered; who still owes a part of it does not have all the time for it."""
        super().shutdown()
        if self._owes_body():
            self.loop.call_later(LAST_BODY_SECONDS, self._leave_body)

    def _leave_body(self) -> None:
        if self._owes_body():
            self.transport.close()

    def _owes_body(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete and self.cycle.more_body

    def pause_writing(self) -> None:
        """Wait until the client takes some of the answer."""
        super().pause_writing()
        self._is_taken()
        self._sending = self.loop.call_later(SEND_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        """Go on with the answer."""
        self._is_taken()
        super().resume_writing()

    def _wait_for_head(self) -> None:
        if self._owing is not None:
            self._owing.cancel()
        self._owing = self.loop.call_later(HEAD_SECONDS, self._give_up)

    def _give_up(self) -> None:
        if self.cycle is None or self.cycle.response_complete:
            self.transport.close()
        else:  # the head of a later request, which we may not even read while this one is answered
            self._wait_for_head()

    def _head_is_here(self) -> None:
        self._in_head = False
        if self._owing is not None:
            self._owing.cancel()
            self._owing = None

    def _is_taken(self) -> None:
        if self._sending is not None:
            self._sending.cancel()
            self._sending = None
