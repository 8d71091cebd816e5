"""Types of arguments and results, checked at every call of ours.

jaxtyping binds the arguments of a call to its signature, which takes longer than most of our functions do.
Only names of axes need that: where no annotation holds a shape, beartype alone checks the same.
"""

import functools
import inspect
from collections.abc import Callable
from typing import Any, ForwardRef, get_args

import jaxtyping
from beartype import BeartypeConf, beartype

with_shapes = jaxtyping.jaxtyped
without_shapes = beartype(conf=BeartypeConf(violation_type=jaxtyping.TypeCheckError))


def is_plain(annotation: Any) -> bool:
    """Whether it holds neither a shape nor a name that is still to be looked up."""
    if isinstance(annotation, str | ForwardRef):
        return False
    kind = annotation if inspect.isclass(annotation) else type(annotation)
    if kind.__module__.startswith("jaxtyping") or type(kind).__module__.startswith("jaxtyping"):
        return False
    parts = annotation if isinstance(annotation, list) else get_args(annotation)
    limits = (getattr(annotation, "__bound__", None), *getattr(annotation, "__constraints__", ()))
    return all(is_plain(part) for part in (*parts, *limits) if part is not None)


def typed(*, typechecker: Any) -> Callable[[Any], Any]:
    """What stands in for `jaxtyping.jaxtyped`."""

    def decorate(thing: Any) -> Any:
        if (
            not inspect.isfunction(thing)
            or inspect.isgeneratorfunction(thing)
            or not all(map(is_plain, thing.__annotations__.values()))
        ):
            return with_shapes(thing, typechecker=typechecker)
        checked = without_shapes(thing)

        @functools.wraps(thing)
        def call(*args: Any, **options: Any) -> Any:
            __tracebackhide__ = True
            return (thing if jaxtyping.config.jaxtyping_disable else checked)(*args, **options)

        return call

    return decorate


def install() -> None:
    """To be called before anything of ours is imported."""
    jaxtyping.jaxtyped = typed
