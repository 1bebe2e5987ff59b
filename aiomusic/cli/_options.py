"""What can be asked of ``aiomusic create``: light, so that --help is quick."""

import re
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias, final

import attrs
from cyclopts import Group, Parameter
from cyclopts.validators import Number

from aiomusic.cli._exits import UsageError
from aiomusic.providers._registry import FOLLOWED

__all__ = [
    "Batching",
    "Delivery",
    "Fetching",
    "Following",
    "JournalOption",
    "JsonOption",
    "ProviderName",
    "Song",
    "StateName",
    "Strictness",
    "Working",
    "read_tags",
    "seconds",
]

if TYPE_CHECKING:
    ProviderName: TypeAlias = str
else:
    ProviderName = Literal[tuple(FOLLOWED)]
StateName = Literal[
    "open",
    "queued",
    "submitting",
    "pending",
    "running",
    "succeeded",
    "failed",
    "cancelled",
    "unknown",
]

_SONG = Group("The song", sort_key=1)
_SUNO = Group("Suno only", sort_key=2)
_NURO = Group("Nuro only", sort_key=3)
_DELIVERY = Group("Buying and saving", sort_key=4)
_STRICTNESS = Group("As strict as the service", sort_key=4)
_FOLLOWING = Group("Following and saving", sort_key=4)

_DAY_S = 86_400
_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": _DAY_S, "w": 7 * _DAY_S}
_SHARE = Number(gte=0, lte=1)


PollEvery = Annotated[
    float | None,
    Parameter(
        validator=Number(gt=0, lte=_DAY_S),
        help="Poll interval in seconds (default: learned from earlier tasks).",
    ),
]
Timeout = Annotated[
    float,
    Parameter(validator=Number(gt=0, lte=_DAY_S), help="Seconds to follow a task for."),
]
EventsOption = Annotated[
    bool, Parameter(name="--json", help="One JSON line on standard output per event.")
]


NameOption = Annotated[
    str | None,
    Parameter(
        help="Pattern for file names, as in '{title} ({take})' (default: title and id)."
    ),
]
FormatOption = Annotated[
    tuple[str, ...],
    Parameter(
        name="--format",
        help="Format of the files, mp3, wav or lrc (the words with their times); may be"
        " repeated. Its cost is shown first, and nothing is bought twice (default: as"
        " the service delivers them).",
    ),
]
SignCert = Annotated[
    str | None,
    Parameter(
        help="PEM file of your certificate, to sign what is saved (C2PA) with; needs"
        " --sign-key and the extra 'c2pa'."
    ),
]
SignKey = Annotated[str | None, Parameter(help="PEM file of its private key.")]


@Parameter(name="*", group=_SONG)
@final
@attrs.frozen(kw_only=True)
class Song:
    """
    A song, as it is asked for on a command line.

    None, an empty tuple and False mean that nothing is said.
    """

    # The command takes it as its only argument.
    prompt: Annotated[str | None, Parameter(parse=False)] = None
    provider: Annotated[
        ProviderName,
        Parameter(
            help="Who makes it: riffusion (legacy, says the vendor) in under a minute,"
            " suno in 1 to 3, nuro in half a minute (from a prompt: background music,"
            " no voice), producer in half a minute."
        ),
    ] = "riffusion"
    lyrics: Annotated[
        str | None,
        Parameter(
            allow_leading_hyphen=True,
            help="File with the words to sing, as UTF-8; - is standard input.",
        ),
    ] = None
    title: Annotated[
        str | None,
        Parameter(help="Title, with --lyrics or --instrumental, or with suno."),
    ] = None
    style: Annotated[
        str | None,
        Parameter(
            name=["--style", "--tags"],
            help="Style, with --lyrics or --instrumental, or with suno: 'slow r&b'.",
        ),
    ] = None
    instrumental: Annotated[bool, Parameter(help="Make it without a voice.")] = False
    model: Annotated[
        str | None,
        Parameter(
            help="riffusion: FUZZ-1.1 Pro, FUZZ-1.0 Pro, FUZZ-1.1, FUZZ-1.0."
            " suno: chirp-v3-5, chirp-v4, chirp-v4-5, chirp-v4-5-plus, chirp-v5,"
            " chirp-v5-5, chirp-v6, chirp-v6-wild, chirp-v6-mini. nuro: v1.0, v2.0."
            " producer: FUZZ-2.0 Pro, FUZZ-2.0, FUZZ-2.0 Raw, FUZZ-1.1 Pro, FUZZ-1.1,"
            " FUZZ-1.0 Pro, FUZZ-1.0, FUZZ-0.8."
            " A newer one is sent too, with a warning."
        ),
    ] = None
    gender: Annotated[
        Literal["female", "male"] | None,
        Parameter(help="Of the voice, with suno and nuro."),
    ] = None
    negative_tags: Annotated[
        str | None,
        Parameter(group=_SUNO, help="Styles to keep out, with --lyrics."),
    ] = None
    style_weight: Annotated[
        float | None,
        Parameter(
            group=_SUNO, validator=_SHARE, help="How closely to follow --style, 0 to 1."
        ),
    ] = None
    weirdness: Annotated[
        float | None,
        Parameter(group=_SUNO, validator=_SHARE, help="How far to stray, 0 to 1."),
    ] = None
    auto_lyrics: Annotated[
        bool,
        Parameter(group=_SUNO, help="Take --lyrics as a description of the words."),
    ] = False
    duration: Annotated[
        int | None,
        Parameter(
            group=_NURO,
            help="Seconds: 30 to 240 with --lyrics, else 1 to 60, or 30 to 120 with"
            " --model v2.0.",
        ),
    ] = None
    genre: Annotated[
        tuple[str, ...],
        Parameter(
            group=_NURO,
            help="As in 'R&B/Soul' or ambient; one with --lyrics, else up to five, the"
            " option repeated. A wrong one shows the list; so for the next four.",
        ),
    ] = ()
    mood: Annotated[
        tuple[str, ...], Parameter(group=_NURO, help="As in Romantic or calm.")
    ] = ()
    timbre: Annotated[
        str | None, Parameter(group=_NURO, help="As in Warm, with --lyrics.")
    ] = None
    instrument: Annotated[
        tuple[str, ...], Parameter(group=_NURO, help="As in piano, without --lyrics.")
    ] = ()
    theme: Annotated[
        tuple[str, ...], Parameter(group=_NURO, help="As in journey, without --lyrics.")
    ] = ()
    segment: Annotated[
        tuple[str, ...],
        Parameter(
            group=_NURO,
            help="A part and its seconds, in order, with --model v2.0: --segment"
            " intro:10 --segment chorus:30.",
        ),
    ] = ()


@Parameter(name="*", group=_DELIVERY)
@final
@attrs.frozen(kw_only=True)
class Delivery:
    """How the song is bought, followed and saved."""

    out: Annotated[str, Parameter(help="Folder to save into.")] = "songs/"
    local: Annotated[
        bool,
        Parameter(help="Make it here, on the emulator: no key, no network, no charge."),
    ] = False
    seed: Annotated[
        int | None,
        Parameter(help="With --local: another seed, another song of the same words."),
    ] = None
    count: Annotated[
        int,
        Parameter(
            validator=Number(gte=1, lte=1000),
            help="How often to buy it; each time gives two songs, with nuro one.",
        ),
    ] = 1
    max_credits: Annotated[
        int | None,
        Parameter(
            validator=Number(gte=0),
            help="Never spend more than this: in this run, or with a --journal of"
            " yours in all runs that share it.",
        ),
    ] = None
    key: Annotated[
        str | None,
        Parameter(
            help="Your name for the job: the same line again gives the same job, and"
            " buys nothing. With --count the next are NAME-2, NAME-3."
        ),
    ] = None
    tag: Annotated[
        tuple[str, ...],
        Parameter(help="A name=value to find the job by; may be repeated."),
    ] = ()
    format: FormatOption = ()
    journal: Annotated[
        str | None,
        Parameter(
            help="File, or postgresql://…, that keeps what is bought, if not the usual"
            " one; with --local none is kept without it."
        ),
    ] = None
    no_journal: Annotated[
        bool,
        Parameter(
            help="Keep no journal; interrupted jobs can only be followed by their task."
        ),
    ] = False
    sign_cert: SignCert = None
    sign_key: SignKey = None
    poll_every: PollEvery = None
    timeout: Timeout = 1800.0
    as_json: EventsOption = False


EngineName: TypeAlias = Literal["procrastinate", "pgqueuer"]
QueueOption = Annotated[
    str | None,
    Parameter(
        help="postgresql://…, where the queue is, if the journal's address leads"
        " through a pooler, which engines can't use."
    ),
]
JournalOption = Annotated[
    str | None,
    Parameter(
        name="--journal",
        help="File or postgresql://… of the journal, if not the usual one.",
    ),
]
JsonOption = Annotated[
    bool, Parameter(name="--json", help="JSON lines on standard output.")
]


@Parameter(name="*", group=_FOLLOWING)
@final
@attrs.frozen(kw_only=True)
class Following:
    """How jobs that are bought already are followed and saved."""

    out: Annotated[str, Parameter(help="Folder to save into.")] = "songs/"
    journal: JournalOption = None
    sign_cert: SignCert = None
    sign_key: SignKey = None
    poll_every: PollEvery = None
    timeout: Timeout = 1800.0
    as_json: EventsOption = False


@Parameter(name="*", group=_FOLLOWING)
@final
@attrs.frozen(kw_only=True)
class Fetching:
    """How what is made already is fetched and saved."""

    provider: Annotated[
        ProviderName | None,
        Parameter(
            help="Provider of the named tasks (default: they are jobs or links)."
        ),
    ] = None
    out: Annotated[str, Parameter(help="Folder to save into.")] = "songs/"
    name: NameOption = None
    format: FormatOption = ()
    journal: JournalOption = None
    sign_cert: SignCert = None
    sign_key: SignKey = None
    as_json: EventsOption = False


@Parameter(name="*", group=_DELIVERY)
@final
@attrs.frozen(kw_only=True)
class Batching:
    """How a batch file is bought, followed and saved."""

    out: Annotated[str, Parameter(help="Folder for songs and manifest.")] = "songs/"
    fill: Annotated[
        str | None,
        Parameter(
            help="A second file: the batch is a recipe, whose {placeholders} are filled"
            " in once for each of its rows."
        ),
    ] = None
    provider: Annotated[
        ProviderName, Parameter(help="Provider of rows that name none.")
    ] = "riffusion"
    dry_run: Annotated[bool, Parameter(help="Check every row, and show the cost.")] = (
        False
    )
    strict: Annotated[
        bool, Parameter(help="Buy nothing if any row can't be bought.")
    ] = False
    local: Annotated[
        bool,
        Parameter(help="Make it here, on the emulator: no key, no network, no charge."),
    ] = False
    concurrency: Annotated[
        int,
        Parameter(
            validator=Number(gte=1), help="How many tasks to run at the same time."
        ),
    ] = 10
    max_credits: Annotated[
        int | None,
        Parameter(
            validator=Number(gte=0),
            help="Never spend more than this: in this run, or with a --journal of"
            " yours in all runs that share it.",
        ),
    ] = None
    stop_after_failures: Annotated[
        int | None,
        Parameter(
            validator=Number(gte=1), help="Stop buying after this many failures."
        ),
    ] = None
    name: NameOption = None
    format: FormatOption = ()
    kept: Annotated[
        str | None,
        Parameter(
            help="The gallery's export, which lists the takes that were kept (default:"
            " kept.json in --out)."
        ),
    ] = None
    journal: Annotated[
        str | None,
        Parameter(
            help="File, or postgresql://…, that keeps what is bought, if not the usual"
            " one; with --local none is kept without it."
        ),
    ] = None
    engine: Annotated[
        EngineName | None,
        Parameter(
            help="Put the rows on this engine's queue, for 'aiomusic worker' to buy"
            " on any machine; needs a --journal in PostgreSQL."
        ),
    ] = None
    wait: Annotated[
        bool,
        Parameter(
            help="With --engine: wait for what the workers buy, and save it with a"
            " manifest."
        ),
    ] = False
    queue: QueueOption = None
    sign_cert: SignCert = None
    sign_key: SignKey = None
    poll_every: PollEvery = None
    timeout: Timeout = 1800.0
    as_json: EventsOption = False


@Parameter(name="*")
@attrs.frozen(kw_only=True)
class Working:
    """What a worker works off, and how much of it at one time."""

    engine: Annotated[EngineName, Parameter(help="Whose queue it takes rows from.")]
    journal: Annotated[
        str | None,
        Parameter(
            help="postgresql://…, the journal that all machines share (default:"
            " AIOMUSIC_JOURNAL)."
        ),
    ] = None
    queue: QueueOption = None
    concurrency: Annotated[
        int,
        Parameter(
            validator=Number(gte=1),
            help="How many tasks at one time, of all workers together, and how many"
            " rows this one takes.",
        ),
    ] = 10
    max_credits: Annotated[
        int | None,
        Parameter(
            validator=Number(gte=0),
            help="Never spend more than this, of all that share the journal.",
        ),
    ] = None
    out: Annotated[
        str | None,
        Parameter(
            help="Folder to store the songs in (default: 'aiomusic batch --wait' or"
            " 'aiomusic download' fetches them)."
        ),
    ] = None
    health: Annotated[
        str | None,
        Parameter(
            help="host:port to serve /healthz, /readyz and /metrics at; port 0: any"
            " that is free."
        ),
    ] = None
    poll_every: PollEvery = None
    timeout: Timeout = 1800.0
    as_json: EventsOption = False


def read_tags(typed: tuple[str, ...]) -> dict[str, str]:
    """
    Read what is typed as ``name=value``.

    Raises:
        UsageError: It is not.
    """
    tags: dict[str, str] = {}
    for one in typed:
        name, equals, value = one.partition("=")
        if not (name and equals):
            raise UsageError(
                f"--tag is {one!r}; write name=value, as in album=blue. Nothing was"
                " sent."
            )
        if tags.setdefault(name, value) != value:
            raise UsageError(f"--tag {name} has two values; give it one.")
    return tags


def seconds(option: str, typed: str) -> float:
    """
    Read a length of time, as in ``2d``.

    Raises:
        UsageError: It is none.
    """
    found = re.fullmatch(r"(\d{1,6}) ?([smhdw])", typed)
    if found is None:
        raise UsageError(
            f"{option} is {typed!r}; write a number with s, m, h, d or w, as in 2d."
        )
    number, unit = found.groups()
    return int(number) * _UNITS[unit]


@Parameter(name="*", group=_STRICTNESS)
@final
@attrs.frozen(kw_only=True)
class Strictness:
    """What an emulator refuses, as an account of the service may."""

    max_in_flight: Annotated[
        int | None,
        Parameter(
            validator=Number(gt=0),
            help="Tasks in flight at which the queue is full (default: unlimited).",
        ),
    ] = None
    url_ttl: Annotated[
        float | None,
        Parameter(
            validator=Number(gt=0, lte=_DAY_S),
            help="Seconds until links to audio expire (default: never).",
        ),
    ] = None
    refuse_word: Annotated[
        tuple[str, ...],
        Parameter(
            help="A word to refuse in lyrics and prompts; 'WORD=artist' names the"
            " refusal, of those that end a task."
        ),
    ] = ()
    strict_ids: Annotated[
        bool, Parameter(help="Refuse ids of clips and personas that it did not issue.")
    ] = False
    stream: Annotated[
        bool, Parameter(help="Let the audio of running clips grow in real time.")
    ] = False

    def options(self) -> dict[str, Any]:
        """Return it in the terms of the emulator."""
        pairs = (text.rpartition("=") for text in self.refuse_word)
        return {
            "max_in_flight": self.max_in_flight,
            "url_ttl_s": self.url_ttl,
            "refuse_words": {
                (word if is_named else kind): (kind if is_named else None)
                for word, is_named, kind in pairs
            },
            "strict_ids": self.strict_ids,
            "stream": self.stream,
        }
