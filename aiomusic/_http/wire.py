"""
Requests to HTTP, and replies to values or errors, with no I/O.

What a reply *means* is told here once, for every provider: the HTTP status is
the truth, the body's ``error``, ``message`` or ``detail`` the words, and the
sentences that the service packs into 400, 403 and 422 are mapped to types.

A reply to a create that names a task is that task, whatever else it says: it may be
paid for, and a poll finds out.
"""

import json
import math
import re
from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar, final

import attrs

from aiomusic._bodies import MAX_BYTES, Body, folded, read_body, task_id_in
from aiomusic._http import retry_after
from aiomusic._redact import shown
from aiomusic._reply import RawReply
from aiomusic.errors import (
    ApiError,
    AuthenticationFailed,
    Charged,
    ContentRefused,
    InvalidRequest,
    JobFailed,
    MusicError,
    NextStep,
    OutOfCredits,
    ProtocolError,
    QueueFull,
    RateLimited,
    Retry,
    ServiceFailed,
    SubscriptionInactive,
    TaskNotFound,
)
from aiomusic.providers._replies import Provider, Unreadable, failure_words, read_state
from aiomusic.results import ClipState, Credits, TaskSnapshot

if TYPE_CHECKING:
    from aiomusic._request import Request

__all__ = [
    "CREDITS_PATH",
    "Accepted",
    "Reply",
    "encode",
    "is_refunded",
    "read_created",
    "read_credits",
    "read_task",
    "retry_after_s",
    "says_refunded",
    "task_failed",
]

CREDITS_PATH = "/api/v1/get-credits"

E = TypeVar("E", bound=MusicError)

# How much of a reply is shown where nothing else tells what became of a create.
MAX_REPLY_CHARS = 1500
# How much of the service's words is looked at.
MAX_WORDS_CHARS = 2000
# A balance beyond this is no balance; a database holds no more than 2**63.
MAX_CREDITS = 10**12
MAX_DIGITS = 20

_What: TypeAlias = Literal["create", "task", "credits"]


@final
@attrs.frozen(kw_only=True)
class Reply:
    """
    What came back over the wire; header names are found in any case.

    Attributes:
        wall: When it came, in seconds since 1970.
        flaw: What was wrong with its form, where it was; empty: nothing.
    """

    status: int
    # A server may send back what it was sent, the key too.
    headers: Mapping[str, str] = attrs.field(repr=False)
    body: bytes = attrs.field(repr=False)
    wall: float
    flaw: str = ""


@final
@attrs.frozen(eq=False)
class _Telling:
    """Attaches the reply to every error that is raised for it."""

    reply: Reply

    def __enter__(self) -> None:
        pass

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if isinstance(error, MusicError):
            error.reply = RawReply.of(self.reply.status, self.reply.headers)


@final
@attrs.frozen(kw_only=True)
class Accepted:
    """The service has made a task of the request."""

    task_id: str
    retry_after_s: float | None = None
    """When it asks to be polled first."""


def encode(body: Mapping[str, object]) -> bytes:
    """
    Return the bytes of a JSON body.

    Raises:
        InvalidRequest: It holds what JSON can't, which only ``extra`` can bring.
    """
    try:
        return _JSON.encode(body).encode()
    except (TypeError, ValueError) as error:
        message = f"The request can't be sent as JSON: {error}. Nothing was sent."
        raise InvalidRequest(message, rule="it must be JSON") from error


_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def read_created(request: "Request[Any]", reply: Reply) -> Accepted | object:
    """
    Read the reply to a create: `Accepted`, or the result itself.

    Raises:
        ApiError: The service says no.
        ProtocolError: It says neither yes nor no.
    """
    with _Telling(reply):
        return _read_created(request, reply)


def _read_created(request: "Request[Any]", reply: Reply) -> Accepted | object:
    seen = _Seen(asked="create", what=request.kind(), reply=reply)
    if request.REPLY is None:
        task_id = seen.task_id(request)
        if task_id is not None:
            return Accepted(task_id=task_id, retry_after_s=retry_after_s(reply))
    if seen.is_doubtful:
        raise seen.unreadable("it does not tell whether it was done")
    if (error := seen.refusal()) is not None:
        raise error
    if request.REPLY is None:
        raise seen.unreadable(seen.body.flaw or "no one task's id is in it")
    return seen.result(request)


def read_task(provider: Provider, task_id: str, reply: Reply) -> TaskSnapshot:
    """
    Read the reply to a poll of a task.

    Raises:
        JobFailed: The service says that the task is over and failed.
        ContentRefused: The model refused the request.
        ApiError: The poll itself failed; the task may be well.
        ProtocolError: The reply can't be read.
    """
    with _Telling(reply):
        return _read_task(provider, task_id, reply)


def _read_task(provider: Provider, task_id: str, reply: Reply) -> TaskSnapshot:
    seen = _Seen(
        asked="task",
        what=f"{provider.name} task",
        reply=reply,
        max_bytes=provider.max_reply_bytes,
    )
    fields = seen.body.fields
    is_not_ready = fields.get("code") == _NOT_READY or fields.get("type") == "not_ready"
    if reply.status == _NOT_READY or (reply.status in _OK and is_not_ready):
        return TaskSnapshot(state=ClipState.PENDING)
    if (over := seen.failed_task(task_id)) is not None:
        raise over
    if (error := seen.refusal()) is not None:
        raise error
    raw = _boxed(seen.body.value)
    if not isinstance(raw, dict):
        raise seen.unreadable(seen.body.flaw or "it is JSON, but no object")
    snapshot = provider.read(raw, provider=provider.name, task_id=task_id)
    if (over := seen.failed_around(task_id, snapshot)) is not None:
        raise over
    return snapshot


def task_failed(what: str, words: str, *, is_back: bool) -> JobFailed:
    """
    Return the error of a task that is over and has no song.

    Args:
        what: The task, as an error names it.
        words: The service's own; empty: it gives none.
        is_back: Whether it says that the credits are given back.
    """
    text = _ended(words or "it gives no reason")
    money = _GIVEN_BACK if is_back else _NOT_SAID
    message = f"{what}: the task failed at the service: {text} It is over. {money}"
    charged = Charged.REFUNDED if is_back else Charged.UNKNOWN
    return JobFailed(message, charged=charged, next_steps=[NextStep.BUY_AGAIN])


def read_credits(reply: Reply) -> Credits:
    """
    Read the reply to get-credits.

    Raises:
        ApiError: The service says no.
        ProtocolError: The reply can't be read.
    """
    with _Telling(reply):
        return _read_credits(reply)


def _read_credits(reply: Reply) -> Credits:
    seen = _Seen(asked="credits", what="credits", reply=reply)
    if (error := seen.refusal()) is not None:
        raise error
    fields = folded(seen.body.value)
    inner = folded(fields.get("data"))
    counts = [
        _count(fields.get(name, inner.get(name)))
        for name in ("credits", "extracredits")
    ]
    if None in counts:
        why = f"credits and extra_credits must be whole numbers up to {MAX_CREDITS:,}"
        raise seen.unreadable(seen.body.flaw or why)
    return Credits(credits=counts[0] or 0, extra_credits=counts[1] or 0)


def _count(value: object) -> int | None:
    """Read a number of credits; None for what can't be one."""
    if isinstance(value, str) and len(value) <= MAX_DIGITS:
        value = int(value) if value.strip().isdecimal() else None
    if isinstance(value, float) and math.isfinite(value) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    return value if 0 <= value <= MAX_CREDITS else None


_NOT_READY = 202
# A create so answered may have been carried out.
_DOUBTFUL = frozenset({303, 408, 409, 499})
_OK = range(200, 300)
_REDIRECTS = range(300, 400)
_CLIENT_ERROR = 400
_PROXY_LOGIN = 407
_NO_PLACE = frozenset({404, 405, 421})
_SERVER_ERROR = 500
_NO_STATUS = 600


@final
@attrs.define(kw_only=True)
class _Seen:
    """A reply, and what was asked: what the two say together."""

    asked: _What
    what: str
    reply: Reply
    max_bytes: int = MAX_BYTES
    body: Body = attrs.field(init=False)
    # Its fields, by names without case and separators.
    named: Mapping[str, Any] = attrs.field(init=False, repr=False)
    # The reply's, or the code of a body that says no under a yes.
    status: int = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        # A create's task is looked for in all of it; nothing else is so long.
        is_endless = self.asked != "create" and len(self.reply.body) >= self.max_bytes
        most = MAX_REPLY_CHARS if is_endless else None
        is_kept = self.asked == "task"
        self.body = read_body(self.reply.body[:most], is_kept=is_kept)
        self.named = folded(self.body.value)
        self.status = self._status()

    # Yes.

    def task_id(self, request: "Request[Any]") -> str | None:
        """Return the one task that it names, beside whatever error."""
        status = self.status
        is_yes = status in _OK or status in _DOUBTFUL
        is_no = _CLIENT_ERROR <= status < _SERVER_ERROR and not is_yes
        found = task_id_in(self.body, self.reply.headers, is_yes=is_yes, is_no=is_no)
        if found is not None and is_no:
            # Who repeats the request with its refusal has not made a task of it.
            sent = {str(value) for value in request.to_body().values()}
            return None if found in sent else found
        return found

    @property
    def is_doubtful(self) -> bool:
        """Whether its status leaves open what became of a create."""
        is_none = not _OK.start <= self.reply.status < _NO_STATUS
        return is_none or self.status in _DOUBTFUL

    def result(self, request: "Request[Any]") -> object:
        """
        Read a result that the reply itself holds, be it wrapped.

        Raises:
            ProtocolError: It is not there.
        """
        assert request.REPLY is not None
        value = _boxed(self.body.value)
        fields = folded(value)
        if self.reply.status == _NOT_READY or fields.get("code") == _NOT_READY:
            raise self.unreadable("it is not ready; ask again in some seconds")
        why = self.body.flaw or "it is JSON, but no object"
        for raw in (*map(_unlisted, (fields.get("data"), fields.get("result"))), value):
            if isinstance(raw, dict):
                try:
                    return request.REPLY.read(raw).to_result(request)
                except Unreadable as error:
                    why = str(error)
        raise self.unreadable(why)

    # No.

    def refusal(self) -> MusicError | None:
        """Return what it says no with; None: it does not say no."""
        status = self.status
        if status in _OK and not _is_denied(self.named):
            return None
        return self._error(status)

    def _status(self) -> int:
        if self.reply.status not in _OK:
            return self.reply.status
        # A yes by status and a no by code: clients of this family have seen both.
        code = _code(self.named, is_create=self.asked == "create")
        is_no = code is not None and code >= _CLIENT_ERROR
        return code if code is not None and is_no else self.reply.status

    def _error(self, status: int) -> MusicError:
        """Turn a no into its type, with the service's own sentence."""
        text = self._words(status)
        kind = self._kind(status, text)
        is_back = self._is_refunded(text)
        charged = Charged.REFUNDED if is_back else None
        seen = f"{status}" if status not in _OK else f"{status}, but refused"
        message = f"{self.what}: the service answered {seen}: {text}"
        is_over = status >= _SERVER_ERROR or self.asked == "task"
        if is_back and is_over and kind is not ContentRefused:
            # API: credits are given back (a 504's, nuro's) when the task is over.
            failed = JobFailed(
                f"{_ended(message)} It is over. {_GIVEN_BACK}",
                charged=charged,
                retry=kind.retry,
                next_steps=[NextStep.BUY_AGAIN],
            )
            return self._marked(failed)
        advice = self._advice(kind, status)
        money = _GIVEN_BACK if is_back else self._money(kind)
        error = kind(
            " ".join(filter(None, (_ended(message), advice, money))),
            status=status,
            text=text,
            retry_after_s=retry_after_s(self.reply),
            charged=charged,
            retry=Retry.AFTER_EDIT if status == _PROXY_LOGIN else None,
        )
        return self._marked(error)

    def _words(self, status: int) -> str:
        if found := _said(self.body):
            return found
        target = self.reply.headers.get("location", "")
        if status in _REDIRECTS and target:
            return f"it redirects to {target}"
        return " ".join(shown(self.body.text, 500).split()) or "(no words)"

    def _kind(self, status: int, text: str) -> type[ApiError]:
        if status >= _SERVER_ERROR:
            return ServiceFailed
        # A page is somebody else's, also where it stands in JSON.
        is_said = not (_said(self.body) or "<").lstrip().startswith("<")
        if is_said and (status in _SPOKEN or self.reply.status in _OK):
            own = _own_words(text)
            for pattern, kind in _SENTENCES:
                if pattern.search(own):
                    return self._fit(kind)
        if self.asked == "task" and self.body.is_page and status != _TOO_MANY:
            # A firewall's or a proxy's page says nothing of the task.
            return ApiError
        return self._fit(_STATUSES.get(status, ApiError))

    def _fit(self, kind: type[ApiError]) -> type[ApiError]:
        # A 404 on anything but a task is about the address.
        is_odd = kind is TaskNotFound and self.asked != "task"
        return ApiError if is_odd else kind

    def _advice(self, kind: type[ApiError], status: int) -> str:
        if status in _REDIRECTS:
            return (
                "A request with a key is never sent on to another address: if that is"
                " the API's, set base_url= or AIOMUSIC_BASE_URL to it."
            )
        if status == _PROXY_LOGIN:
            return (
                "The proxy on the way wants a user name and a password: put them into"
                " HTTPS_PROXY, as in http://user:password@host:port."
            )
        if self.body.is_page and kind in {ApiError, AuthenticationFailed}:
            advice = f"{_TO_DO[kind]} " if kind in _TO_DO else ""
            return (
                f"{advice}A web page came in the service's place: see whether a proxy"
                " or a firewall stands between, and whether base_url is the API's."
            )
        if kind is ApiError and status in _NO_PLACE:
            return "Check base_url= and AIOMUSIC_BASE_URL: nothing is taken there."
        is_create = self.asked == "create"
        other = "Change the request, or ask" if is_create else "Ask"
        return _TO_DO.get(kind, f"{other} the service what it means.")

    def _money(self, kind: type[ApiError]) -> str:
        if kind is ContentRefused and self.asked == "task":
            return _NOT_SAID
        if self.asked != "create":
            return _FREE
        return "" if kind is ServiceFailed else "Nothing was charged."

    # The end of a task.

    def failed_task(self, task_id: str) -> JobFailed | None:
        """Return the end of a task that the reply names beside a server's error."""
        if self.reply.status not in _OK or (_code(self.named) or 0) < _SERVER_ERROR:
            return None
        inner = folded(self.named.get("data"))
        named = {str(one.get("taskid")) for one in (self.named, inner)}
        return (
            self._failed(failure_words(self.body.value)) if task_id in named else None
        )

    def failed_around(self, task_id: str, snapshot: TaskSnapshot) -> JobFailed | None:
        """Return the end of a task whose own state says so, and that has no clip."""
        is_told = snapshot.state is ClipState.FAILED
        if is_told or any(c.state is ClipState.SUCCEEDED for c in snapshot.clips):
            return None
        fields = folded(self.body.value)
        inner = folded(fields.get("data"))
        for one, is_its_own in ((inner, True), (fields, False)):
            word = one.get("state", one.get("status", one.get("type")))
            is_plain = isinstance(word, str) and word.strip().lower() not in _VAGUE
            is_sure = is_plain or is_its_own or str(one.get("taskid")) == task_id
            if is_sure and read_state(word) is ClipState.FAILED:
                return self._failed(failure_words(one) or failure_words(fields))
        return None

    def _failed(self, words: str | None) -> JobFailed:
        text = words or _said(self.body) or ""
        error = task_failed(self.what, text, is_back=self._is_refunded(text))
        return self._marked(error)

    def _is_refunded(self, text: str) -> bool:
        fields = self.body.fields
        return is_refunded(fields, folded(fields).get("data")) or says_refunded(text)

    # What can't be read.

    def unreadable(self, why: str) -> ProtocolError:
        """Return the error of a reply that is neither yes nor no, and what it holds."""
        reply = self.reply
        flaw = f" ({reply.flaw})" if reply.flaw else ""
        said = self._shown_body()
        if not reply.body:
            seen = f"without a body{flaw}"
        else:
            seen = f"with {len(reply.body)} bytes{flaw} that can't be read: {why}"
        text = f" It says: {_ended(said)}" if said else ""
        if self.asked != "create":
            text = f"{text} Try later, and see whether base_url is the API's. {_FREE}"
        message = f"{self.what}: the service answered HTTP {reply.status} {seen}.{text}"
        return self._marked(ProtocolError(message))

    def _shown_body(self) -> str:
        # Of a create it may be all that tells where its task is.
        most = MAX_REPLY_CHARS if self.asked == "create" else MAX_REPLY_CHARS // 4
        return shown(self.body.text, most)

    def _marked(self, error: E) -> E:
        error.reply_text = self._shown_body() or None
        return error


def _boxed(value: object) -> object:
    """Return a list that comes without an object around it as if it had one."""
    return {"data": value} if isinstance(value, list) else value


def _unlisted(value: object) -> object:
    is_one = isinstance(value, list) and len(value) == 1
    return value[0] if isinstance(value, list) and is_one else value


_FREE = "Asking costs nothing."
_GIVEN_BACK = "Its credits were given back."
_NOT_SAID = "Look at your balance for what is given back."
# A top-level ``status: "error"`` may be about the poll itself.
_VAGUE = frozenset({"error", "fail"})


def _code(fields: Mapping[str, Any], *, is_create: bool = False) -> int | None:
    """
    Read a body's own status, which comes as a number or as text.

    Args:
        is_create: Whether a number under ``status`` is one; a task's state is no
            answer to a poll.
    """
    inner = folded(fields.get("error"))
    names = _CREATE_CODES if is_create else _CODES
    for value in [one.get(name) for name in names for one in (fields, inner)]:
        if value is not None and (found := _number(value)) is not None:
            return found
    return None


_CODES = ("code", "statuscode")
_CREATE_CODES = (*_CODES, "status")


def _number(value: object) -> int | None:
    if isinstance(value, str):
        # Some write it out: "403", "403.0", "403 Forbidden".
        found = _STATUS.match(value[:80])
        return None if found is None else int(found[1])
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return None
    return int(value) if abs(value) < MAX_CREDITS and value == int(value) else None


_STATUS = re.compile(r"\s*([0-9]{1,9})(?:\.0+)?(?![\w.])")


def _is_denied(fields: Mapping[str, Any]) -> bool:
    """Check whether a body says no, in a code or as ``success: false``."""
    code = _code(fields)
    if code is not None and code >= _CLIENT_ERROR:
        return True
    yes = ("success", "ok", "issuccess")
    return fields.get("error") is True or any(_is_false(fields.get(one)) for one in yes)


def _is_false(value: object) -> bool:
    is_word = isinstance(value, str) and value.strip().lower() in {"false", "0", "no"}
    is_zero = isinstance(value, int) and value == 0
    return is_word or is_zero


# A page's footer says copyright, and a firewall inappropriate, too.
_UNFIT = (
    r"copyrighted|copyright (content|material|violation|infring)|moderat"
    r"|inappropriate (content|lyrics|language|words?|material|prompt|title|tags)"
    r"|(lyrics|prompt|title|tags|description)\b.{0,80}\binappropriate"
)
# The sentences, and what they mean (API: error handling, nuro error handling).
_SENTENCES: tuple[tuple["re.Pattern[str]", type[ApiError]], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), kind)
    for pattern, kind in (
        # First, as they repeat the caller's own words, which may be any others.
        (_UNFIT, ContentRefused),
        (r"artist names|producer tags|lyrics format", ContentRefused),
        (r"credits are not enough|insufficient.credit", OutOfCredits),
        (r"active subscription", SubscriptionInactive),
        (r"queue is full", QueueFull),
        (r"QPS limit|usage limit|rate.limit|too many requests", RateLimited),
        (r"task not found", TaskNotFound),
        (
            r"authorization|api.?key|(bad|invalid|wrong) (key|signature)",
            AuthenticationFailed,
        ),
    )
)

_TOO_MANY = 429
_STATUSES: dict[int, type[ApiError]] = {
    400: InvalidRequest,
    401: AuthenticationFailed,
    402: OutOfCredits,
    404: TaskNotFound,
    413: InvalidRequest,
    422: InvalidRequest,
    429: RateLimited,
}

# Under these the service speaks; every other tells all by itself.
_SPOKEN = frozenset({400, 403, 422})

_TO_DO: dict[type[ApiError], str] = {
    AuthenticationFailed: "Check the API key.",
    InvalidRequest: "Change the request.",
    OutOfCredits: "Buy credits, or wait for the next billing cycle.",
    SubscriptionInactive: "Renew the subscription.",
    ContentRefused: "Change the words.",
    RateLimited: "Send less, or try later.",
    QueueFull: "Try later.",
    TaskNotFound: "Check the task's id.",
    ServiceFailed: "Try later.",
}


def says_refunded(text: str) -> bool:
    """Check whether the service's words say that the credits are back."""
    own = _own_words(text)
    return bool(_REFUNDED.search(own)) and not _NOT_REFUNDED.search(own)


def is_refunded(*told: object) -> bool:
    """Check whether what tells of a failure says that the credits are back."""
    return any(map(_says_back, told))


def _says_back(raw: object) -> bool:
    fields = folded(raw)
    flags = (fields.get(name) for name in ("refundprocessed", "refunded", "isrefunded"))
    is_flagged = any(one is True or one in {"true", "True"} for one in flags)
    return is_flagged or says_refunded(failure_words(fields) or "")


def _own_words(text: str) -> str:
    """Leave out the caller's words that a refusal repeats: they mean nothing."""
    own = text[:MAX_WORDS_CHARS]
    if own.startswith(("{", "[")):
        return own
    for opening, closing in ("''", '""', "“”"):
        start, end = own.find(opening), own.rfind(closing)
        if 0 <= start < end:
            own = own[:start] + own[end + 1 :]
    return own


_BACK = r"(?:returned|given back|restored|reimbursed)"
_REFUNDED = re.compile(
    r"\bcredits?\b[^.]{0,200}\brefunded\b|\brefunded(?: \w+){0,3} credits?\b"
    r"|\bcredits?(?: (?:have|has|were|was|are|been|fully|all|already)){1,4}"
    rf" {_BACK}\b",
    re.IGNORECASE,
)
_NOT_REFUNDED = re.compile(
    r"\b(not|never|no (?:credits|refund)|cannot|can't|won't|weren't|wasn't|if|unless"
    rf"|will|would|may|part(?:ly|ially)|half|some)\b[^.]{{0,200}}\b(?:refunded|{_BACK})\b",
    re.IGNORECASE,
)


def _ended(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _said(body: Body) -> str | None:
    """Return the words of a JSON error: those of the service, not of a page."""
    if not body.fields:
        return None
    for name in ("error", "message", "detail", "msg"):
        value = body.fields.get(name)
        if isinstance(value, str) and value:
            return value
        if isinstance(value, dict) and (found := failure_words(value)):
            return found
    return failure_words(body.fields)


def retry_after_s(reply: Reply) -> float | None:
    """Return the seconds for which a reply asks to be left alone."""
    return retry_after.retry_after_s(reply.headers, reply.wall)
