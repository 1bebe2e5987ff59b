"""
``aiomusic <provider> <operation>``: a command for each request class.

Options, their help and their order are those of the class, so that an operation that
is entered with its provider is a command too.
"""

import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Any, Final, Literal, get_args, get_origin

import attrs
from cyclopts import App, Parameter

from aiomusic._fields import Choice, ClipId, Field, Flag, Name, Names, Number
from aiomusic._request import Request, fields_of
from aiomusic.cli import _operate
from aiomusic.cli._options import Delivery
from aiomusic.providers._all import requests

__all__ = ["add_operations"]

USUAL: Final = Delivery()
_ARGUMENT: Final = re.compile(r"    (\w+(?:, \w+)*): (.*)")
_SEE: Final = re.compile(r"See (\w+)\.")
_ELSEWHERE: Final = re.compile(r"As in (\w+)\.")
_TAKEN: Final = frozenset(attrs.fields_dict(Delivery)) | {"json"}

# What a clip, a persona or words may be given as.
_CLIP: Final = (
    " A clip's id, or @KEY for what a job of the journal made: @KEY[1] is its second"
    " take, @KEY.kept the one that kept.json in --out keeps."
)
_FILES: Final[Mapping[str, str]] = {
    "lyrics": " Give a file of UTF-8; - is standard input.",
    "url": " Or the path of a file on this machine, which is served from"
    " AIOMUSIC_WEBHOOK_URL while the command runs.",
    "persona": " @KEY stands for what a job of the journal made.",
    "segments": " Each as name:seconds, as in intro:10.",
}

# An argument that suits, for the example in each help text.
SAMPLES: Final[Mapping[str, str]] = {
    "clip": "@demo",
    "persona": "@singer",
    "prompt": '"r&b pop song"',
    "description": '"paper boats in the rain"',
    "lyrics": "words.txt",
    "sound": '"slow r&b"',
    "at": "60",
    "url": "https://example.com/song.mp3",
    "name": '"Nora"',
}


def add_operations(app: App, provider: str, exit_codes: str) -> None:
    """Add a command for each operation to a provider's."""
    for kind in requests().values():
        if provider == kind.PROVIDER:
            app.command(
                _command(kind),
                name=kind.OPERATION.replace("_", "-"),
                help_epilogue=f"Example:\n\n  {example(kind)}\n\n{exit_codes}",
            )


def example(kind: type[Request[Any]]) -> str:
    """Return a line that runs an operation with what it must have."""
    words = ["aiomusic", kind.PROVIDER, kind.OPERATION.replace("_", "-")]
    fields = attrs.fields_dict(kind)
    needed = [n for n in fields_of(kind) if fields[n].default is attrs.NOTHING]
    if not needed:
        needed = list(fields_of(kind))[:1]
    if "sound" in fields and not {"sound", "lyrics"} & set(needed):
        # Where neither has to be given, one of both has to.
        needed.append("sound")
    for name in needed:
        sample = SAMPLES.get(name, "…")
        words += [sample] if not fields[name].kw_only else [_option(name), sample]
    return " ".join(words)


def _option(name: str) -> str:
    """Return an argument's option; what says how to buy keeps its own name."""
    return f"--{'song-' if name in _TAKEN else ''}{name.replace('_', '-')}"


def _command(kind: type[Request[Any]]) -> Callable[..., int]:
    parameters = [*_parameters(kind), _DELIVERY]
    signature = inspect.Signature(parameters)

    def operate(*typed: object, **options: object) -> int:
        values = signature.bind(*typed, **options).arguments
        delivery = values.pop("delivery", USUAL)
        return _operate.operate(kind, values, delivery)

    operate.__name__ = kind.OPERATION
    operate.__doc__ = f"{_summary(kind)}\n\nPrice: {kind.COST} credits."
    operate.__signature__ = signature  # type: ignore[attr-defined]
    operate.__annotations__ = {one.name: one.annotation for one in parameters}
    return operate


def _parameters(kind: type[Request[Any]]) -> Iterator[inspect.Parameter]:
    fields, told = attrs.fields_dict(kind), _descriptions(kind)
    for name, rule in fields_of(kind).items():
        field = fields[name]
        help_ = told.get(name, "") + _more(name, rule)
        typed, default = _typed(rule, field.type)
        option = Parameter(
            name=_option(name),
            help=help_.strip(),
            show_default=False,
            allow_leading_hyphen=name == "lyrics",
        )
        yield inspect.Parameter(
            name,
            _Kind.KEYWORD_ONLY if field.kw_only else _Kind.POSITIONAL_OR_KEYWORD,
            default=_Kind.empty if field.default is attrs.NOTHING else default,
            annotation=Annotated[typed, option],
        )


_Kind: Final = inspect.Parameter


def _more(name: str, rule: Field) -> str:
    """Return what the command takes in the place of the argument's own value."""
    match rule:
        case ClipId():
            return _CLIP
        case Name(values=values):
            return f" Known are {', '.join(values)}; another is sent with a warning."
    return _FILES.get(name, "")


def _typed(rule: Field, kind: object) -> tuple[Any, object]:
    """Return what an option takes, and what it is when it is left out."""
    match rule:
        case Flag():
            return bool, False
        case Number(whole=whole):
            return (int | None if whole else float | None), None
        case Choice(values=values):
            return Literal[values] | None, None
    is_listed = isinstance(rule, Names) or _holds_many(kind)
    return (tuple[str, ...], ()) if is_listed else (str | None, None)


def _holds_many(kind: object) -> bool:
    """Check whether a field's type is a tuple, such as that of segments."""
    return get_origin(kind) is tuple or any(map(_holds_many, get_args(kind)))


_DELIVERY: Final = inspect.Parameter(
    "delivery", inspect.Parameter.KEYWORD_ONLY, default=USUAL, annotation=Delivery
)


def _summary(kind: type[Request[Any]]) -> str:
    """Return the first sentence of a request's documentation."""
    return (inspect.getdoc(kind) or kind.OPERATION).partition("\n\n")[0]


def _descriptions(kind: type[Request[Any]]) -> dict[str, str]:
    """Return what is said of each argument, where it is said, if elsewhere."""
    told = dict(_arguments(kind))
    for name, text in told.items():
        if found := _ELSEWHERE.fullmatch(text):
            others = requests().values()
            told[name] = next(
                dict(_arguments(one)).get(name, text)
                for one in others
                if (one.PROVIDER, one.__name__) == (kind.PROVIDER, found[1])
            )
    return told


def _arguments(kind: type[Request[Any]]) -> Iterator[tuple[str, str]]:
    """Yield what a request's documentation says of its arguments."""
    _, _, told = (inspect.getdoc(kind) or "").partition("\nArgs:\n")
    names: list[str] = []
    words: list[str] = []
    for line in [*told.split("\n"), "    end: "]:
        found = _ARGUMENT.fullmatch(line)
        if found is None and line.startswith("        "):
            words.append(line.strip())
            continue
        text = re.sub(r"``?([^`]*)``?|\*(\w+)\*", r"\1\2", " ".join(words))
        text = _SEE.sub("", text)
        yield from ((name, text) for name in names)
        if found is None:
            return
        names, words = found[1].split(", "), [found[2]]
