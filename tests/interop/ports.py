"""Ports that are free just now: four dev servers', which take the next one each too, and two for Apache."""

import socket


def is_free(port: int) -> bool:
    with socket.socket() as listener:
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


# Below the range that the kernel hands out itself, so that no connection of a client takes one of them.
first = next(start for start in range(21_000, 32_000, 10) if all(is_free(start + offset) for offset in range(10)))
print(first, first + 2, first + 4, first + 6, first + 8, first + 9)
