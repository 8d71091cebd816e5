"""A server's models from Python: what local objects do, over HTTP and WebSocket. Neither torch nor a server.

The logic does no I/O (`effect`, `request`, `exchange`, `hearing`); one shell is for threads (`client`,
`session`, `socket`), one for asyncio (`async_client`, `async_session`, `async_socket`).
"""

import importlib.util

from recurra.errors import MissingDependencyError

for _name in ("httpx2", "websockets"):
    if importlib.util.find_spec(_name) is None:
        raise MissingDependencyError(
            f"a client without {_name}", "httpx2 and websockets", "pip install 'recurra[client]'"
        )
