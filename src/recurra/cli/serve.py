"""`recurra serve RUN...`: answers over HTTP, live sessions over WebSocket."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from recurra.cli import screen
from recurra.cli.help import Command
from recurra.config import Config, nearest_keys, validated
from recurra.errors import ConfigError, MissingDependencyError

if TYPE_CHECKING:
    import socket

    from recurra.serving.host import Host

Option = typer.Option


class ServeCommand(Command):
    """The command, with the settings of a server."""

    def classes(self) -> Mapping[str, type[Config]]:
        """See `Command.classes`."""
        from recurra.serving.config import ServeConfig

        return {"": ServeConfig}


def serve(
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="RUN", help="Run folders or stream programs, NAME=RUN to name one; settings as KEY=VALUE."
        ),
    ],
    host: Annotated[str, Option(metavar="ADDRESS", help="Where to listen; others need --token-file.")] = (
        "127.0.0.1"
    ),
    port: Annotated[
        int, Option(metavar="PORT", min=0, max=65535, help="Its port; 0: any that is free.")
    ] = 8000,
    state: Annotated[
        Path | None, Option(metavar="FOLDER", help="Keep live sessions there, over restarts and kill -9.")
    ] = None,
    token_file: Annotated[
        Path | None, Option("--token-file", metavar="FILE", help="Only clients with one of its tokens.")
    ] = None,
    certificate: Annotated[Path | None, Option(metavar="FILE", help="PEM of TLS.")] = None,
    key: Annotated[Path | None, Option(metavar="FILE", help="PEM of its private key.")] = None,
    *,
    watch: Annotated[
        bool, Option("--watch", help="Take up runs that are replaced, dropping nobody.")
    ] = False,
    as_json: Annotated[bool, Option("--json", help="Say where it listens as JSON.")] = False,
) -> None:
    """Serve runs: predictions, live sessions, a page to try them.

    Examples:
      recurra serve runs/sales                  a page at http://127.0.0.1:8000
      recurra serve runs/sales topics=runs/book --port 9000 --state sessions
      recurra serve runs/live --watch max_wait_ms=2 max_batch_size=512
      recurra serve runs/live --host 0.0.0.0 --token-file tokens.txt
    """
    try:
        from recurra.serving.config import ServeConfig
        from recurra.serving.guard import Guard
        from recurra.serving.host import Host
        from recurra.serving.server import bind, make_server
    except ImportError as error:
        raise MissingDependencyError(
            f"serve without {error.name}", "FastAPI, uvicorn and websockets", "pip install 'recurra[serve]'"
        ) from error
    folders, settings = _told_apart(words, list(ServeConfig.model_fields))
    config = validated(ServeConfig, settings)
    guard = Guard() if token_file is None else Guard.of_file(token_file)
    listening = bind(host, port, is_open=guard.is_open)
    with listening:
        hosted = Host(folders, config, guard, state, watch=watch)
        address = _address(listening, secure=certificate is not None)

        def started() -> None:
            _announce(hosted, address, as_json=as_json)

        server = make_server(hosted, certificate=certificate, key=key, started=started)
        server.run(sockets=[listening])


def _told_apart(words: list[str], keys: list[str]) -> tuple[dict[str, Path], dict[str, str]]:
    """The runs by name, and the settings.

    Raises:
        ConfigError: There is no run, or a word is neither.
    """
    folders: dict[str, Path] = {}
    settings: dict[str, str] = {}
    for word in words:
        name, sign, value = word.partition("=")
        if sign and name in keys:
            settings[name] = value
            continue
        folder = Path(value if sign and not Path(word).exists() else word)
        if sign and not folder.is_dir():
            raise ConfigError(
                f"{word!r}, which is no setting, nor the name of a run",
                f"KEY=VALUE or NAME=RUN, KEY being one of {', '.join(nearest_keys(name, keys) or keys)}",
                "Correct it.",
            )
        name = name if sign and not Path(word).exists() else folder.resolve().name
        if name in folders:
            raise ConfigError(f"two runs named {name!r}", "a name for each", f"Say other={folder}.")
        folders[name] = folder
    if not folders:
        raise ConfigError("no run", "a run folder at least", "Say recurra serve RUN.")
    return folders, settings


def _address(listening: "socket.socket", *, secure: bool) -> str:
    host, port = listening.getsockname()[:2]
    name = f"[{host}]" if ":" in host else host
    return f"{'https' if secure else 'http'}://{name}:{port}"


def _announce(hosted: "Host", address: str, *, as_json: bool) -> None:
    models = [one.description() for one in hosted.shelf]
    if as_json:
        screen.emit({"url": address, "models": models})
        return
    for one in models:
        able = ("predicts", "streams", "hears", "generates")
        does = ", ".join(what for what in able if one[what])
        screen.note(f"{one['name']}: {one['task'] or 'a program'}, {does}")
    screen.note(f"at {address}; Ctrl-C stops")
