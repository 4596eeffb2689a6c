"""Free ports: four for dev servers, each of which also uses the next port, two for Apache, one for an API, one more for a
dev server, and one for the OpenID provider that it trusts."""

import socket


def is_free(port: int) -> bool:
    with socket.socket() as listener:
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


# They are below the range that the kernel assigns, so that no connection of a client takes one of them.
first = next(start for start in range(21_000, 32_000, 20) if all(is_free(start + offset) for offset in range(14)))
print(first, first + 2, first + 4, first + 6, first + 8, first + 9, first + 10, first + 11, first + 13)
