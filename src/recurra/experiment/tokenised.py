"""Documents as numbers: tokenised once, and found again by a run that is resumed."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
from safetensors.numpy import load as arrays_from_bytes
from safetensors.numpy import save as arrays_to_bytes

from recurra.data.token_store import TokenStore
from recurra.errors import DamagedError, DataError, NewerFormatError, StorageError
from recurra.experiment.corpus_place import CorpusPlace
from recurra.experiment.symbols import PARTS, Cut, SymbolData, SymbolPart, SymbolSchema, cut
from recurra.files import checksum, read_checked, read_document, whole_folder, write_bytes, write_document
from recurra.inputs import registry
from recurra.inputs.symbol import Documents, Piece, Varied
from recurra.training.progress import Progress
from recurra.version import __version__

FORMAT = 1
CORPUS, DOCUMENTS, IDS = "corpus.json", "documents.safetensors", ".ids"
LARGE = 1 << 24
"""Bytes of files; fewer are tokenised again as soon as they would be found."""


def prepare_symbols(data: SymbolData) -> tuple[SymbolSchema, dict[str, SymbolPart]]:
    """Cut parts, learn the alphabet from the training part, and encode those that hold something.

    Large files whose data have a place are tokenised into it, and taken from it where that was done before.

    Raises:
        DataError: The training part holds no symbol.
        StorageError: There is no room for the symbols.
    """
    key = _key(data)
    if data.place is None or not key:
        return _encoded(data, None, Progress.silent())
    kept = _kept(data, data.place, key)
    if kept is None:
        with whole_folder(data.place.path / key, overwrite=True) as filling:
            _write(filling, *_encoded(data, filling, data.place.progress))
        kept = _kept(data, data.place, key)
    if kept is None:
        raise StorageError(
            f"{data.place.path} was altered while it was written", "a place of one run alone", "Begin again."
        )
    return kept


def _encoded(
    data: SymbolData, folder: Path | None, progress: Progress
) -> tuple[SymbolSchema, dict[str, SymbolPart]]:
    with progress.bar("reading", None):
        parts = cut(data)
    read = _varied(data, _followed(parts, "train", progress, "learning symbols"))
    alphabet = data.input.learn((piece.content for piece in read.pieces), data.config)
    schema = SymbolSchema(data.input.name, alphabet, parts.documents * read.copies > 1)
    found = {}
    for name in PARTS:
        file = None if folder is None else folder / f"{name}{IDS}"
        followed = _followed(parts, name, progress, "tokenising")
        read = _varied(data, followed) if name == "train" else Varied(followed)
        part = schema.encode(read.pieces, _documents(data, name), file)
        if len(part):
            found[name] = replace(part, repairs=(*part.repairs, *filter(None, [read.note])))
    if "train" not in found:
        source, unit = _documents(data, "train").source, alphabet.unit
        raise DataError(f"{source} holds no {unit} to train on", "one at least", "Give other data.")
    return schema, found


def _varied(data: SymbolData, pieces: Iterator[Piece]) -> Varied:
    """What is trained on."""
    return Varied(pieces) if data.input.vary is None else data.input.vary(pieces, data.config)


def _followed(parts: Cut, name: str, progress: Progress, description: str) -> Iterator[Piece]:
    """The pieces of a part, with a bar that follows them."""
    measure = next(iter(_documents(parts.data, name).measures.values()))
    with progress.bar(description, parts.size(name)) as bar:
        for piece in parts.pieces(name):
            yield piece
            bar.advance(measure(piece.content))


def _documents(data: SymbolData, name: str) -> Documents:
    return data.given.get(name, data.given["train"])


def _key(data: SymbolData) -> str:
    """What tells one tokenised corpus from another: its files, where it is cut, and into what.

    "" of small ones, and of what is not read from files alone.
    """
    files, size = [], 0
    for name, documents in data.given.items():
        if not documents.files:
            return ""
        try:
            stated = [(str(one.resolve()), one.stat()) for one in documents.files]
        except OSError:
            return ""
        files.append([name, [[path, own.st_size, own.st_mtime_ns] for path, own in stated]])
        size += sum(own.st_size for _, own in stated)
    settings = {key: getattr(data.config, key) for key in registry.config(data.input.name).model_fields}
    shares = [data.config.validation_size, data.config.test_size]
    told = json.dumps([FORMAT, __version__, files, data.input.name, settings, shares], default=str)
    return hashlib.sha256(told.encode()).hexdigest()[:16] if size >= LARGE else ""


def _write(folder: Path, schema: SymbolSchema, parts: Mapping[str, SymbolPart]) -> None:
    """Write what belongs to the numbers of all parts, which lie in the folder already."""
    arrays = {
        f"{name}.{key}": array
        for name, part in parts.items()
        for key, array in (("ends", part.ends), ("numbers", part.numbers), *part.sizes.items())
    }
    content = arrays_to_bytes(arrays)
    write_bytes(folder / DOCUMENTS, content)
    document = {
        "schema": schema.to_dict(),
        "parts": {
            name: {"symbols": len(part), "repairs": list(part.repairs)} for name, part in parts.items()
        },
        "files": {DOCUMENTS: checksum(content)},
    }
    write_document(folder / CORPUS, document, version=FORMAT)


def _kept(
    data: SymbolData, place: CorpusPlace, key: str
) -> tuple[SymbolSchema, dict[str, SymbolPart]] | None:
    """What was tokenised before; None where it was not, or is not as it was written."""
    folder = place.path / key
    if not folder.exists():
        return None
    try:
        document = read_document(folder / CORPUS, version=FORMAT)
        arrays = arrays_from_bytes(read_checked(folder / DOCUMENTS, document["files"][DOCUMENTS]))
        schema, parts = SymbolSchema.from_dict(document["schema"]), {}
        for name, own in document["parts"].items():
            tokens = TokenStore.opened(place, f"{key}/{name}{IDS}", len(schema.alphabet))
            if len(tokens) != own["symbols"]:
                return None
            documents = _documents(data, name)
            sizes = {measure: arrays[f"{name}.{measure}"] for measure in documents.measures}
            ends, numbers = (np.asarray(arrays[f"{name}.{one}"], np.int64) for one in ("ends", "numbers"))
            repairs = tuple(own["repairs"])
            parts[name] = SymbolPart(tokens, ends, sizes, numbers, documents.name, documents.source, repairs)
    except (DamagedError, NewerFormatError, OSError, KeyError):
        return None
    return schema, parts
