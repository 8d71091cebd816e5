"""Types of arguments and results, checked at every call of ours.

jaxtyping binds the arguments of a call to its signature, which takes longer than most of our functions do.
beartype alone checks the same, in a context of jaxtyping's where an annotation names axes.
"""

import functools
import inspect
from collections.abc import Callable, Iterator
from typing import Annotated, Any, ForwardRef, Literal, get_args, get_origin

import jaxtyping
from beartype import BeartypeConf, beartype

jaxtyped = jaxtyping.jaxtyped
checked = beartype(conf=BeartypeConf(violation_type=jaxtyping.TypeCheckError))
axes = jaxtyped("context")  # what the names of axes stand for, until it is left


def parts_of(annotation: Any) -> Iterator[Any]:
    """The annotation, and all types that it is made of."""
    yield annotation
    if get_origin(annotation) is Literal:
        return
    inner = annotation if isinstance(annotation, list) else get_args(annotation)
    inner = inner[:1] if get_origin(annotation) is Annotated else inner
    limits = (getattr(annotation, "__bound__", None), *getattr(annotation, "__constraints__", ()))
    for part in (*inner, *limits):
        if part is not None:
            yield from parts_of(part)


def is_open(part: Any) -> bool:
    """Whether something is still to be looked up: a type by its name, or a size among the arguments."""
    return isinstance(part, str | ForwardRef) or "{" in str(getattr(part, "dim_str", ""))


def is_shape(part: Any) -> bool:
    return type(part).__module__.startswith("jaxtyping")


def typed(*, typechecker: Any) -> Callable[[Any], Any]:
    """What stands in for `jaxtyping.jaxtyped`."""

    def decorate(thing: Any) -> Any:
        if not inspect.isfunction(thing) or inspect.isgeneratorfunction(thing):
            return jaxtyped(thing, typechecker=typechecker)
        parts = [part for one in thing.__annotations__.values() for part in parts_of(one)]
        if any(map(is_open, parts)):
            return jaxtyped(thing, typechecker=typechecker)
        return with_axes(thing) if any(map(is_shape, parts)) else without_axes(thing)

    return decorate


def with_axes(function: Callable[..., Any]) -> Callable[..., Any]:
    inner = checked(function)

    @functools.wraps(function)
    def call(*args: Any, **options: Any) -> Any:
        __tracebackhide__ = True
        if jaxtyping.config.jaxtyping_disable:
            return function(*args, **options)
        with axes:
            return inner(*args, **options)

    return call


def without_axes(function: Callable[..., Any]) -> Callable[..., Any]:
    inner = checked(function)

    @functools.wraps(function)
    def call(*args: Any, **options: Any) -> Any:
        __tracebackhide__ = True
        return (function if jaxtyping.config.jaxtyping_disable else inner)(*args, **options)

    return call


def install() -> None:
    """To be called before anything of ours is imported."""
    jaxtyping.jaxtyped = typed
