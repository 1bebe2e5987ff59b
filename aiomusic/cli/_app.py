"""The commands, their options and their help; what they do is loaded only then."""

from pathlib import Path
from typing import Annotated, Final, Literal

import attrs
from cyclopts import App, Parameter
from cyclopts.validators import Number

from aiomusic.cli._exits import MEANINGS
from aiomusic.cli._options import (
    Batching,
    Delivery,
    Fetching,
    Following,
    JournalOption,
    JsonOption,
    ProviderName,
    Song,
    StateName,
    Strictness,
    Working,
)
from aiomusic.providers._registry import REGISTRY

__all__ = ["APP", "EXIT_CODES", "PROVIDERS"]

EXAMPLES: Final = """\
Examples:

  aiomusic create "r&b pop song" --local
  aiomusic create "slow r&b" --lyrics words.txt --title "Paper Boats"
  aiomusic suno extend @demo --at 60 --lyrics more.txt
  aiomusic jobs
  aiomusic credits
  aiomusic doctor
  eval "$(aiomusic emulator &)"
"""

EXIT_CODES: Final = "Exit codes:\n\n" + "\n".join(
    f"  {code:<4} {meaning}" for code, meaning in MEANINGS.items()
)

ENVIRONMENT: Final = """\
Environment:

  AIOMUSIC_API_KEY   the key of the service
  AIOMUSIC_ACCOUNT   your name for whose jobs these are, if not known by the key
  AIOMUSIC_BASE_URL  where the service is, if not at its own address
  AIOMUSIC_JOURNAL   the file that keeps what is bought, if not the usual one
  AIOMUSIC_WEBHOOK_URL  your public address, from where local files are uploaded
  AIOMUSIC_WEBHOOK_LISTEN  where it leads on this machine (usually 127.0.0.1:8080)
"""


def _version() -> str:
    import importlib.metadata

    try:
        return importlib.metadata.version("aiomusic")
    except importlib.metadata.PackageNotFoundError:
        return "unknown: aiomusic runs from a folder, and is not installed"


def _shown(value: object) -> str | None:
    """Return the default that is worth showing, if any."""
    is_plain = isinstance(value, (int, float)) and not isinstance(value, bool)
    return f"{value:g}" if is_plain else str(value) if value else None


APP: Final = App(
    name="aiomusic",
    help="Make songs with Suno, Riffusion, Nuro and Producer, paid for once, and saved"
    " as files.",
    help_epilogue=f"{EXAMPLES}\n{ENVIRONMENT}\n{EXIT_CODES}",
    help_format="plaintext",
    version=_version,
    default_parameter=Parameter(negative=(), show_default=_shown),
    exit_on_error=False,
    print_error=False,
    result_action="return_value",
)

CREATE_EXAMPLES: Final = """\
Examples:

  aiomusic create "r&b pop song" --local
  aiomusic create "lo-fi piano" --instrumental --count 3 --max-credits 30
  aiomusic create "slow r&b" --lyrics words.txt --title "Paper Boats"
  aiomusic create --provider suno --lyrics - --style "indie folk" < words.txt
  aiomusic create "calm piano" --provider nuro --duration 45 --mood calm
  aiomusic create "r&b pop song" --json | jq -r 'select(.event=="saved").path'

Files are saved under --out; their paths are all that a pipe gets.
What is bought is kept in a journal: 'aiomusic jobs' shows it.
"""

JOBS_EXAMPLES: Final = """\
Examples:

  aiomusic jobs
  aiomusic jobs list --state unknown --since 2d
  aiomusic jobs show 3fa9c1d2
  aiomusic jobs resume --out songs/
  aiomusic jobs attach suno 468d0e42-f7a6-40ce-9a4c-37db56b13b99
  aiomusic jobs spending --by day
  aiomusic jobs list --kept album/
  aiomusic jobs list --json | jq -r 'select(.state=="succeeded").files[]'

A key may be shortened, to its first four characters or more, if no other begins so.
On a pipe a line has its fields between tabs, and times as ISO 8601 has them, in UTC.
"""


EMULATOR_EXAMPLES: Final = """\
Examples:

  aiomusic emulator --port 8765
  eval "$(aiomusic emulator &)" && aiomusic create "r&b pop song"
  aiomusic emulator --max-in-flight 2 --url-ttl 60 --refuse-word beatles=artist
  aiomusic emulator --demo out/ && xdg-open out/index.html
"""

GALLERY_EXAMPLES: Final = """\
Examples:

  aiomusic gallery album/ --open
  aiomusic gallery album/ --kept ~/Downloads/kept.json

The page stands in the folder, beside its audio, and needs no network.
What is kept and dropped stands in its address; its button exports kept.json,
which belongs into the same folder: 'batch' and 'jobs list --kept' read it.
"""

MCP_EXAMPLES: Final = """\
Example, as an agent's settings have it:

  {"command": "aiomusic", "args": ["mcp", "--credits", "100"]}
"""

BATCH_EXAMPLES: Final = """\
Examples:

  aiomusic batch songs.csv --out album/ --dry-run
  aiomusic batch songs.csv --out album/ --max-credits 500
  aiomusic batch recipe.csv --fill names.csv --out cards/
  aiomusic batch songs.jsonl --out album/ --json | jq -r '.clips[]?.file'

Columns: key, provider, operation (create, if left out), and the arguments of the
operation, as in lyrics, tags, title; any other is kept as metadata. A cell such as
@intro stands for the clip that row intro makes, @intro[1] for its second, and
@intro.kept for the one that was kept in the gallery. An upload's url may be the path
of a file, from the folder of the batch file on.
"""

WORKER_EXAMPLES: Final = """\
Examples:

  export AIOMUSIC_JOURNAL=postgresql://aiomusic@db.example/music
  aiomusic batch songs.csv --engine procrastinate
  aiomusic worker --engine procrastinate --concurrency 20
  aiomusic worker --engine pgqueuer --out /srv/songs --max-credits 5000
"""

LENIENT: Final = Strictness()
NO_SONG: Final = Song()
BATCHED: Final = Batching()
USUAL: Final = Delivery()


@APP.command(help_epilogue=f"{CREATE_EXAMPLES}\n{EXIT_CODES}")
def create(
    prompt: Annotated[
        str | None,
        Parameter(
            help="What to make, in quotes. Beside --lyrics or --instrumental it is the"
            " style."
        ),
    ] = None,
    /,
    *,
    song: Song = NO_SONG,
    delivery: Delivery = USUAL,
) -> int:
    """
    Make songs, wait for them, and save them.

    On a terminal each job has a line with its state; a pipe gets the paths of the
    files and nothing else; --json gives an event a line.
    """
    from aiomusic.cli import _create

    return _create.create(attrs.evolve(song, prompt=prompt), delivery)


@APP.command(name="batch", help_epilogue=f"{BATCH_EXAMPLES}\n{EXIT_CODES}")
def run_batch(
    songs: Annotated[
        str, Parameter(help="The batch file: CSV with a heading, or JSON lines.")
    ],
    /,
    *,
    batching: Batching = BATCHED,
) -> int:
    """
    Buy what a file asks for, a row each, and save it with a manifest.

    Run it again, and only what is missing is done. Ctrl-C once buys nothing more and
    waits for what is in flight; twice leaves it to the service.
    """
    from aiomusic.cli import _batch

    return _batch.run_batch(songs, batching)


@APP.command(help_epilogue=f"{WORKER_EXAMPLES}\n{EXIT_CODES}")
def worker(*, working: Working) -> int:
    """
    Buy what batches have put on a queue, until it is told to stop.

    Start as many as you like, on any machines: each row is bought once. SIGTERM or
    Ctrl-C sends nothing more, hands what is in flight to the others, and ends with 0.
    """
    from aiomusic.cli import _worker

    return _worker.run_worker(working)


@APP.command(name="credits", help_epilogue=EXIT_CODES)
def balance(
    *,
    as_json: Annotated[
        bool, Parameter(name="--json", help="As one JSON object.")
    ] = False,
) -> int:
    """Show the balance; to a pipe, as a bare number."""
    from aiomusic.cli import _credits

    return _credits.balance(as_json=as_json)


@APP.command(help_epilogue=f"{EMULATOR_EXAMPLES}\n{EXIT_CODES}")
def emulator(
    *,
    port: Annotated[
        int,
        Parameter(
            validator=Number(gte=0, lte=65535),
            help="Port to listen on; 0: any free port.",
        ),
    ] = 0,
    host: Annotated[str, Parameter(help="Address to listen on.")] = "127.0.0.1",
    credits: Annotated[  # noqa: A002 - the API's word
        int, Parameter(validator=Number(gte=0), help="The initial balance.")
    ] = 1000,
    seed: Annotated[
        int, Parameter(help="The same seed gives the same ids and songs.")
    ] = 0,
    pace: Annotated[
        float,
        Parameter(
            validator=Number(gte=0, lte=86_400), help="Seconds that a task takes."
        ),
    ] = 2.5,
    allow_host: Annotated[
        tuple[str, ...],
        Parameter(help="A non-public host to accept uploads from."),
    ] = (),
    serve_host: Annotated[
        tuple[str, ...],
        Parameter(help="Another host name to answer to; * for any."),
    ] = (),
    renderer: Annotated[
        str | None,
        Parameter(help="Renderer: fluidsynth, or one that a package installs."),
    ] = None,
    preview: Annotated[
        float,
        Parameter(
            validator=Number(gte=0, lte=480),
            help="Seconds of a song for which no length is asked; 0: 2 to 3 minutes.",
        ),
    ] = 20.0,
    strictness: Strictness = LENIENT,
    demo: Annotated[
        Path | None,
        Parameter(
            help="Write a page with a song of each style to this folder, and exit."
        ),
    ] = None,
    demo_length: Annotated[
        float,
        Parameter(
            validator=Number(gte=1, lte=600), help="Seconds of each song of the page."
        ),
    ] = 20.0,
) -> int:
    """
    Serve the whole API on this machine, with real audio and no key to buy.

    Its first two lines on standard output are the exports that point any client at
    it; then it serves until Ctrl-C, or SIGTERM. Its address, in a browser, is a page
    to make songs on, to see all tasks move, and to switch faults on.
    """
    from aiomusic.cli import _emulator

    if demo is not None:
        return _emulator.show(demo, seed=seed, length_s=demo_length, renderer=renderer)
    options = _emulator.EmulatorOptions(
        host=host,
        port=port,
        credits=credits,
        seed=seed,
        pace_s=pace,
        allow_hosts=allow_host,
        hosts=serve_host,
        renderer=renderer,
        preview_s=preview or None,
        strictness=strictness,
    )
    return _emulator.serve(options)


@APP.command(name="mcp", help_epilogue=f"{MCP_EXAMPLES}\n{EXIT_CODES}")
def serve_agent(
    *,
    most: Annotated[
        int,
        Parameter(
            name="--credits",
            validator=Number(gte=0),
            help="What each connection may spend.",
        ),
    ],
    journal: JournalOption = None,
    transport: Annotated[
        Literal["stdio", "streamable-http"],
        Parameter(help="How the agent is connected.", show_default=True),
    ] = "stdio",
) -> int:
    """
    Serve an agent by the Model Context Protocol, within a ceiling on credits.

    It needs the extra 'mcp'.
    """
    from aiomusic.cli import _mcp

    return _mcp.serve(most, journal, transport)


@APP.command(help_epilogue=f"{GALLERY_EXAMPLES}\n{EXIT_CODES}")
def gallery(
    album: Annotated[
        Path, Parameter(help="Folder of a batch, or any folder of audio files.")
    ],
    /,
    *,
    page: Annotated[
        str, Parameter(help="Name of the page in that folder.", show_default=True)
    ] = "index.html",
    kept: Annotated[
        Path | None,
        Parameter(help="A kept.json that the page exported, to take into the album."),
    ] = None,
    open_it: Annotated[
        bool, Parameter(name="--open", help="Open the page in the browser.")
    ] = False,
) -> int:
    """
    Write a page to listen to an album, compare its takes, and keep the best.

    Waveforms need the extra 'emulator', tags of files without a manifest 'tags'.
    """
    from aiomusic.cli import _gallery

    return _gallery.show_album(album, page, kept=kept, is_opened=open_it)


PROVIDERS: Final = {
    name: App(name=name, help=words, help_epilogue=EXIT_CODES)
    for name, words in REGISTRY.items()
}
"""Their operations are added when one is typed, as that costs the whole library."""

for _provider in PROVIDERS.values():
    APP.command(_provider)


DOWNLOAD_EXAMPLES: Final = """\
Examples:

  aiomusic download demo --out songs/
  aiomusic download --provider suno 468d0e42-f7a6-40ce-9a4c-37db56b13b99
  aiomusic download https://cdn.example.com/boats.mp3
"""

OPEN_EXAMPLES: Final = """\
Examples:

  aiomusic open album/
  aiomusic open "songs/Paper Boats 0f7b5f2e-6c1d.mp3"
  aiomusic open demo
"""

DOCTOR_EXAMPLES: Final = """\
Examples:

  aiomusic doctor
  aiomusic doctor --json | jq -r 'select(.state=="wrong").advice'
"""

FETCHED: Final = Fetching()


@APP.command(help_epilogue=f"{DOWNLOAD_EXAMPLES}\n{EXIT_CODES}")
def download(
    *what: Annotated[
        str,
        Parameter(
            help="Links to audio, jobs by their keys, or, with --provider, tasks."
        ),
    ],
    fetching: Fetching = FETCHED,
) -> int:
    """
    Save what is made already; nothing but a --format is ever bought.

    A link needs no key. Files that are there and whole are not fetched again.
    """
    from aiomusic.cli import _download

    return _download.download(what, fetching)


@APP.command(name="open", help_epilogue=f"{OPEN_EXAMPLES}\n{EXIT_CODES}")
def open_file(
    what: Annotated[
        str, Parameter(help="A file, an album's folder, or a job by its key.")
    ],
    /,
    *,
    journal: JournalOption = None,
) -> int:
    """Open a saved song, or an album's page, with the platform's own program."""
    from aiomusic.cli import _open

    return _open.open_it(what, journal)


@APP.command(help_epilogue=f"{DOCTOR_EXAMPLES}\n{EXIT_CODES}")
def doctor(
    *,
    out: Annotated[str, Parameter(help="The folder that you save into.")] = "songs/",
    journal: JournalOption = None,
    as_json: JsonOption = False,
) -> int:
    """
    Check key, network, clock, proxy, folder, journal and extras.

    Each line begins with ok, note or wrong, and says what to do; the code is 1 if
    anything is wrong. No secret is shown, and nothing is bought.
    """
    from aiomusic.cli import _doctor

    return _doctor.examine(out, journal, as_json=as_json)


APP.register_install_completion_command(
    help="Install completion for this shell (bash, zsh, fish), and print its path."
)

JOBS: Final = App(
    name="jobs",
    help="List jobs, resume unfinished ones, and sum up their cost.",
    help_epilogue=f"{JOBS_EXAMPLES}\n{EXIT_CODES}",
)
APP.command(JOBS)

USUALLY: Final = Following()


@JOBS.default
@JOBS.command(name="list")
def list_jobs(
    *,
    state: Annotated[
        tuple[StateName, ...],
        Parameter(help="Only those in this state; may be repeated."),
    ] = (),
    tag: Annotated[
        tuple[str, ...],
        Parameter(help="Only those with this name=value; may be repeated."),
    ] = (),
    since: Annotated[
        str | None,
        Parameter(help="Only jobs of at most this age, as in 90m, 12h or 2d."),
    ] = None,
    limit: Annotated[
        int | None,
        Parameter(validator=Number(gte=1), help="Only this many, the newest first."),
    ] = None,
    kept: Annotated[
        Path | None,
        Parameter(help="Only those with a take that this album, or kept.json, keeps."),
    ] = None,
    all_accounts: Annotated[
        bool,
        Parameter(help="Include other accounts' jobs, with the name of the account."),
    ] = False,
    journal: JournalOption = None,
    as_json: JsonOption = False,
) -> int:
    """
    List the jobs of the journal, the newest last; needs no key and no network.

    On a pipe: state, time, cost, charged, kind, key, task and title, between tabs;
    with --all-accounts the account too.
    """
    from aiomusic.cli import _jobs

    wanted = _jobs.wanted_of(
        states=state,
        tags=tag,
        since=since,
        limit=limit,
        are_all=all_accounts,
        kept=kept,
    )
    return _jobs.list_jobs(wanted, journal, as_json=as_json)


@JOBS.command
def show(
    key: Annotated[str, Parameter(help="The job's key, or the beginning of it.")],
    /,
    *,
    journal: JournalOption = None,
    as_json: JsonOption = False,
) -> int:
    """Show all that is known of a job; needs no key of the service and no network."""
    from aiomusic.cli import _jobs

    return _jobs.show(key, journal, as_json=as_json)


@JOBS.command
def spending(
    *,
    by: Annotated[
        Literal["operation", "day"],
        Parameter(help="What to add up by; days are those of UTC.", show_default=True),
    ] = "operation",
    tag: Annotated[
        str | None, Parameter(help="Add up by the values of this tag instead.")
    ] = None,
    journal: JournalOption = None,
    as_json: JsonOption = False,
) -> int:
    """
    Add up what was bought, and what is reserved for jobs that are not over.

    On a pipe: heading, jobs, credits and reserved, between tabs; the last is the sum.
    """
    from aiomusic.cli import _jobs

    return _jobs.spending(by, tag, journal, as_json=as_json)


@JOBS.command
def resume(
    *keys: Annotated[
        str,
        Parameter(help="Keys of the jobs to resume (default: all unfinished jobs)."),
    ],
    queued: Annotated[
        bool, Parameter(help="Send, and pay for, what was queued and never sent.")
    ] = False,
    following: Following = USUALLY,
) -> int:
    """
    Follow what is open and save it; without --queued nothing is bought.

    A job that is named and done is saved again, where its files are gone.
    Those whose create may or may not have been bought are told of, with code 6.
    """
    from aiomusic.cli import _resume

    return _resume.resume(keys, following, are_queued_sent=queued)


@JOBS.command
def attach(
    provider: Annotated[ProviderName, Parameter(help="Whose task it is.")],
    task: Annotated[str, Parameter(help="The id that the service gave it.")],
    /,
    *,
    key: Annotated[
        str | None,
        Parameter(
            help="Key for the job; an unknown job under that key gets this task."
        ),
    ] = None,
    following: Following = USUALLY,
) -> int:
    """Follow a task by its id and save it; nothing is bought."""
    from aiomusic.cli import _resume

    return _resume.attach(provider, task, following, key=key)


@JOBS.command
def found(
    key: Annotated[str, Parameter(help="The job's key, or the beginning of it.")],
    task: Annotated[str, Parameter(help="The id that the service gave its task.")],
    /,
    *,
    following: Following = USUALLY,
) -> int:
    """Name the task of a job whose answer was lost, and follow it."""
    from aiomusic.cli import _resume

    return _resume.found(key, task, following)


@JOBS.command
def resubmit(
    key: Annotated[str, Parameter(help="The job's key, or the beginning of it.")],
    /,
    *,
    yes: Annotated[bool, Parameter(help="Do not ask for confirmation.")] = False,
    following: Following = USUALLY,
) -> int:
    """
    Send a job again that ended without its songs; it may be bought twice.

    On a terminal it is asked for first; elsewhere --yes must be given.
    """
    from aiomusic.cli import _resume

    return _resume.resubmit(key, following, is_sure=yes)


@JOBS.command(name="give-up")
def give_up(
    key: Annotated[str, Parameter(help="The job's key, or the beginning of it.")],
    /,
    *,
    unpaid: Annotated[
        bool, Parameter(help="It was not charged: its credits are free again.")
    ] = False,
    journal: JournalOption = None,
    as_json: JsonOption = False,
) -> int:
    """Close a job whose outcome is unknown; it counts as paid, unless --unpaid."""
    from aiomusic.cli import _resume

    return _resume.give_up(key, journal, as_json=as_json, is_charged=not unpaid)


@JOBS.command
def archive(
    *,
    before: Annotated[
        str, Parameter(help="A day, as in 2026-01-31 (UTC), or an age, as in 30d.")
    ],
    to: Annotated[
        Path | None,
        Parameter(
            help="File to add to, if not the one beside the journal; needed where the"
            " journal is in PostgreSQL."
        ),
    ] = None,
    journal: JournalOption = None,
    as_json: JsonOption = False,
) -> int:
    """
    Move jobs that ended before to a file of JSON lines.

    The journal keeps their keys, tasks and money, so that nothing is bought again;
    'aiomusic jobs show' reads the rest from the file. 'aiomusic jobs vacuum' gives the
    space back.
    """
    from aiomusic.cli import _archive

    return _archive.archive(before, to, journal, as_json=as_json)


@JOBS.command
def vacuum(*, journal: JournalOption = None, as_json: JsonOption = False) -> int:
    """Return unused space of the journal to the disk."""
    from aiomusic.cli import _archive

    return _archive.vacuum(journal, as_json=as_json)
