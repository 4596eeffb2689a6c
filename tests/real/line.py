"""A proxy of bytes whose connections end as connections end while an execution environment is frozen."""

import selectors
import socket
import struct
import threading
import time

# How the open connections end. New ones work in each case.
# closed: the peer closes them (FIN). reset: the peer resets them (RST). forgotten: the peer, or a gateway on the way, has
# forgotten them, and resets each at the next byte. silent: what is sent is lost, and no sign of it comes back.
DEATHS = ["closed", "reset", "forgotten", "silent"]


class Line:
    """Listens on a port of its own and connects each connection with `upstream`, a port of this machine."""

    def __init__(self, upstream: int):
        self.upstream, self.open, self.lock = upstream, set(), threading.Lock()
        # Silent sockets stay referenced, because Python would close them.
        self.lost = []
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self._accept, daemon=True).start()

    def end_connections(self, death: str) -> int:
        """Ends all open connections in that way, and returns their number."""
        assert death in DEATHS, death
        with self.lock:
            ended = list(self.open)
        for connection in ended:
            connection.end(death)
        return len(ended)

    def close(self):
        self.listener.close()
        self.end_connections("reset")
        for client in self.lost:
            client.close()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            connection = _Connection(self, client)
            with self.lock:
                self.open.add(connection)
            threading.Thread(target=connection.carry, daemon=True).start()


class _Connection:
    def __init__(self, line: Line, client: socket.socket):
        self.line, self.client, self.death = line, client, None
        self.server = socket.create_connection(("127.0.0.1", line.upstream))
        for end in (self.client, self.server):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.wake, self.woken = socket.socketpair()
        self.ended = threading.Event()

    def carry(self):
        with selectors.DefaultSelector() as ready:
            for end in (self.client, self.server, self.woken):
                ready.register(end, selectors.EVENT_READ)
            while not self._step(ready):
                pass
        with self.line.lock:
            self.line.open.discard(self)
        self.server.close()
        if self.death == "silent":
            self.line.lost.append(self.client)
        else:
            self.client.close()
        self.ended.set()

    def _step(self, ready) -> bool:
        """Carries what has arrived. Returns whether the connection has ended."""
        ends = [key.fileobj for key, _ in ready.select()]
        if self.woken in ends:
            self._die()
            return True
        for end, other in ((self.client, self.server), (self.server, self.client)):
            if end in ends:
                try:
                    data = end.recv(1 << 16)
                    other.sendall(data)
                except OSError:
                    return True
                if not data:
                    return True
        return False

    def end(self, death: str):
        self.death = death
        self.wake.sendall(b"x")
        # What the kernel of the peer learns of it arrives before the function goes on.
        if death in ("closed", "reset"):
            self.ended.wait(5)
            time.sleep(0.002)

    def _die(self):
        # A zero linger time makes the kernel send RST instead of FIN.
        abort = struct.pack("ii", 1, 0)
        if self.death == "reset":
            self.client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, abort)
        elif self.death == "forgotten":
            with self.line.lock:
                self.line.open.discard(self)
            self.client.recv(1)
            self.client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, abort)
