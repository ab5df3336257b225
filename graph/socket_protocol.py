"""WebSockets as uvicorn speaks them, with a bound on frames that bring nothing and on pongs nobody reads.

It must not know any route, nor the protocol that the messages speak.
"""

from http import HTTPStatus

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import CloseCode, Frame

MOST_FRAGMENTS = 100
"""Frames that one message may come in: empty ones would count for nothing in its length."""

MOST_CONTROLS = 100
"""Pings and pongs that a client may send in a second."""

PIECE = 4096
"""Bytes looked at before it is asked whether to go on: some hundred of the smallest frames."""

NO_HANDSHAKE = "This request opens no WebSocket: that takes a GET without a body, and headers in order.\n"


class BoundedSocket(WebSocketsSansIOProtocol):
    """Closes with 1007 or 1008, or answers 400, 414 or 431, what uvicorn would wait for, keep or log."""

    _second = 0.0
    _controls = 0
    _pong = b""

    def data_received(self, data: bytes) -> None:
        """Bytes from the socket, or first of all the head of the request that asks for one."""
        for at in range(0, len(data), PIECE):
            if self.transport.is_closing():
                return
            super().data_received(data[at : at + PIECE])
        if self.conn.handshake_exc and not self.transport.is_closing():
            self._answer_no_handshake()

    def handle_cont(self, event: Frame) -> None:
        """A further frame of a message."""
        if len(self.frames) < MOST_FRAGMENTS:
            super().handle_cont(event)
        else:
            self._refuse(CloseCode.POLICY_VIOLATION, f"A message comes in at most {MOST_FRAGMENTS} frames.")

    def handle_ping(self) -> None:
        """Pings to be answered. Of those that come while the client does not read, only the last one is."""
        if self._is_one_too_many():
            return
        if self.writable.is_set():
            super().handle_ping()
        elif pongs := self.conn.data_to_send():
            self._pong = pongs[-1]

    def handle_pong(self, event: Frame) -> None:
        """The answer to a ping, or to none."""
        if not self._is_one_too_many():
            super().handle_pong(event)

    def resume_writing(self) -> None:
        """The client reads again."""
        super().resume_writing()
        if self._pong and not self.transport.is_closing():
            self.transport.write(self._pong)
        self._pong = b""

    def send_receive_event_to_app(self) -> None:
        """A message is complete; a text that is none is the client's mistake, not one to be logged."""
        self.frames = [b"".join(self.frames)]
        if self.curr_msg_data_type == "text" and not self.close_sent:
            try:
                self.frames[0].decode()
            except UnicodeDecodeError:
                self._refuse(CloseCode.INVALID_DATA, "A text is UTF-8.")
        super().send_receive_event_to_app()

    def handle_parser_exception(self) -> None:
        """Nothing more is read: say why and close."""
        super().handle_parser_exception()
        self._do_not_wait_for_ever()

    def keepalive_timeout(self) -> None:
        """The client did not answer a ping."""
        super().keepalive_timeout()
        self._do_not_wait_for_ever()

    def _do_not_wait_for_ever(self) -> None:
        """A transport is closed only when all is read that was written, and not every client reads."""
        self.loop.call_later(self.close_timeout, self.transport.abort)

    def _is_one_too_many(self) -> bool:
        now = self.loop.time()
        if now - self._second >= 1:
            self._second, self._controls = now, 0
        self._controls += 1
        if self._controls > MOST_CONTROLS:
            self._refuse(
                CloseCode.POLICY_VIOLATION, f"At most {MOST_CONTROLS} pings and pongs are taken in a second."
            )
        return self._controls > MOST_CONTROLS

    def _refuse(self, code: CloseCode, reason: str) -> None:
        if not self.transport.is_closing():
            self.conn.fail(code, reason)
            self.handle_parser_exception()

    def _answer_no_handshake(self) -> None:
        """The library has an answer to heads that are too long, and to others none."""
        answer = b"".join(self.conn.data_to_send())
        self.handshake_complete = self.close_sent = True
        self.transport.write(answer or self.conn.reject(HTTPStatus.BAD_REQUEST, NO_HANDSHAKE).serialize())
        self.transport.close()
