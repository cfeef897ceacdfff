"""The listening socket, bound before anything else so that a taken port is told at once."""

import errno
import socket

from renown.errors import SettingsError

__all__ = ["bind", "bind_several", "url_of"]


def bind_several(host: str, port: int, number: int) -> list[socket.socket]:
    """Return sockets that share `host` and `port`: the system divides among them who connects.

    Raises:
        SettingsError: as for `bind`.

    """
    # Alone at first: a socket that is ready to share would also share with another server's.
    with bind(host, port) as probe:
        port = probe.getsockname()[1]
    listeners: list[socket.socket] = []
    try:
        # One by one: those that are bound must be closed when one cannot be.
        while len(listeners) < number:
            listeners.append(bind(host, port, shared=True))
    except SettingsError:
        for listener in listeners:
            listener.close()
        raise
    return listeners


def bind(host: str, port: int, *, shared: bool = False) -> socket.socket:
    """Return a socket bound to `host` and `port`; `shared`: with others of this user that are so.

    Raises:
        SettingsError: the port is taken or not allowed, or the host is no address of this machine.

    """
    try:
        (family, kind, protocol, _, address), *_ = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
    except (socket.gaierror, OverflowError) as error:
        raise SettingsError(f"{host}:{port} is no address to listen on: {error}.", field="host") from error
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if family == socket.AF_INET6 and host == "::":
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        listener.bind(address)
        listener.listen(2_048)
    except OSError as error:
        listener.close()
        raise _reason(error, host, port) from error
    listener.setblocking(False)
    return listener


def _reason(error: OSError, host: str, port: int) -> SettingsError:
    if error.errno == errno.EADDRINUSE:
        return SettingsError(
            f"Port {port} is taken by another program. Choose another one with --port.",
            code="port_taken",
            field="port",
            expected="a free port",
        )
    if error.errno == errno.EACCES:
        return SettingsError(
            f"Port {port} may not be used by this user; choose one above 1023 with --port.",
            code="port_not_allowed",
            field="port",
        )
    return SettingsError(f"Cannot listen on {host}:{port}: {error.strerror}.", field="host")


def url_of(listener: socket.socket) -> str:
    """Return the address by which a browser on this machine reaches the socket."""
    host, port = listener.getsockname()[:2]
    if host in ("0.0.0.0", "::"):  # noqa: S104 (only compared)
        host = "127.0.0.1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
