"""Docstrings and roles of tokens in the sources of Python's standard library, read without importing them."""

import ast
import builtins
import io
import keyword
import re
import sysconfig
import tokenize
import warnings
from collections.abc import Iterator
from pathlib import Path

PACKAGES = (
    "asyncio", "email", "http", "importlib", "logging", "multiprocessing", "unittest", "urllib", "xml",
)  # fmt: skip
MODULES = (
    "argparse", "bdb", "calendar", "cmd", "configparser", "csv", "dataclasses", "difflib", "fractions",
    "ftplib", "gettext", "gzip", "heapq", "inspect", "mailbox", "netrc", "optparse", "pprint", "queue",
    "random", "sched", "shlex", "shutil", "smtplib", "statistics", "string", "tarfile", "textwrap",
    "threading", "timeit", "trace", "uuid", "weakref", "zipapp",
)  # fmt: skip
_SHORTEST_DOCSTRING = 3  # words
_SHORTEST_LINE, _LONGEST_LINE = 4, 40  # tokens
_MOST_LINES = 200  # of a module
_LITERALS = {tokenize.NUMBER, tokenize.STRING} | {
    getattr(tokenize, name)
    for name in ("FSTRING_START", "FSTRING_MIDDLE", "FSTRING_END")
    if hasattr(tokenize, name)
}
_KEPT = {tokenize.NAME, tokenize.OP} | _LITERALS
Place = tuple[int, int]


def docstring_rows() -> list[tuple[str, str]]:
    """The first sentences of the docstrings of some packages, each once, and the package that they are of."""
    rows: dict[str, str] = {}
    twice: set[str] = set()
    for package in PACKAGES:
        for path in sorted((_library() / package).rglob("*.py")):
            if "test" in path.relative_to(_library()).parts or "tests" in path.parts:
                continue
            for sentence in _sentences(path):
                if rows.setdefault(sentence, package) != package:
                    twice.add(sentence)
    return [(sentence, package) for sentence, package in rows.items() if sentence not in twice]


def role_rows() -> list[tuple[list[str], list[str]]]:
    """The tokens of statements, and what role each plays: keyword, function, class, parameter and so on."""
    rows: dict[tuple[str, ...], list[str]] = {}
    for module in MODULES:
        path = _library() / f"{module}.py"
        tree = _parsed(path)
        if tree is not None:
            own = [row for row in _statements(path.read_text("utf-8"), tree) if tuple(row[0]) not in rows]
            rows |= {tuple(tokens): roles for tokens, roles in own[:_MOST_LINES]}
    return [(list(tokens), roles) for tokens, roles in rows.items()]


def _library() -> Path:
    return Path(sysconfig.get_path("stdlib"))


def _parsed(path: Path) -> ast.Module | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # escapes in old sources
            return ast.parse(path.read_text("utf-8"))
    except (OSError, SyntaxError, ValueError):
        return None


def _sentences(path: Path) -> Iterator[str]:
    tree = _parsed(path)
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            paragraph = (ast.get_docstring(node) or "").partition("\n\n")[0]
            sentence = re.split(r"(?<=[.!?])\s", re.sub(r"\s+", " ", paragraph).strip(), maxsplit=1)[0]
            if len(sentence.split()) >= _SHORTEST_DOCSTRING:
                yield sentence


def _statements(source: str, tree: ast.Module) -> Iterator[tuple[list[str], list[str]]]:
    """Logical lines of a module as tokens and their roles; lines with other than ASCII are left out."""
    roles = _roles(tree)
    tokens: list[str] = []
    given: list[str] = []
    plain = source.isascii()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type in (tokenize.NEWLINE, tokenize.ENDMARKER):
            if plain and _SHORTEST_LINE <= len(tokens) <= _LONGEST_LINE:
                yield tokens, given
            tokens, given = [], []
        elif token.type in _KEPT and token.string.strip():
            before = tokens[-1] if tokens else ""
            if before == "as" and tokens[0] not in ("import", "from"):
                before = ""  # of `with` and `except`
            tokens.append(re.sub(r"\s+", " ", token.string)[:60])
            given.append(_role(token, before, roles))


def _role(token: tokenize.TokenInfo, before: str, roles: dict[Place, str]) -> str:
    if token.type in _LITERALS or token.string in ("True", "False", "None", "..."):
        return "literal"
    if token.type == tokenize.OP:
        return "operator"
    if keyword.iskeyword(token.string):
        return "keyword"
    if before in ("def", "class"):
        return "function" if before == "def" else "class"
    return roles.get(token.start, "import" if before in ("import", "from", "as") else "variable")


def _roles(tree: ast.Module) -> dict[Place, str]:
    """The roles of the names that need the syntax tree, by line and column."""
    classes = {node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef)}
    classes |= {name for name, value in vars(builtins).items() if isinstance(value, type)}
    roles: dict[Place, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            roles.setdefault(_attribute_place(node), "attribute")
        elif isinstance(node, ast.Name) and node.id in classes:
            roles[node.lineno, node.col_offset] = "class"
        elif isinstance(node, ast.arg | ast.keyword):
            roles[node.lineno, node.col_offset] = "parameter"
        elif isinstance(node, ast.alias):
            for part in re.finditer(r"[^.]+", node.name):
                roles[node.lineno, node.col_offset + part.start()] = "import"
        if isinstance(node, ast.Call):
            _mark_call(node.func, roles)
    return roles


def _mark_call(function: ast.expr, roles: dict[Place, str]) -> None:
    if isinstance(function, ast.Attribute):
        roles[_attribute_place(function)] = "function"
    elif isinstance(function, ast.Name):
        roles.setdefault((function.lineno, function.col_offset), "function")


def _attribute_place(node: ast.Attribute) -> Place:
    """Where the name after the point begins."""
    return node.end_lineno or 0, (node.end_col_offset or 0) - len(node.attr)
