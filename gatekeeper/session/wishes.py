"""What somebody may want of a run that is under way, and whether it makes sense: questions to requests, and the words for what came of them.

Knows of the run what its events have told. Asks nobody, does nothing; `session.door` does.
"""

from __future__ import annotations

from collections.abc import Mapping

from gatekeeper.execute.control import Action, Request
from gatekeeper.model.duration import spoken
from gatekeeper.model.event import Event, Intervened, JobFinished, RunFinished, RunPaused, RunResumed, RunStarted
from gatekeeper.model.pipeline import Priority
from gatekeeper.model.settings import PolicyCondition
from gatekeeper.model.value import dataclass, field

#: asks whether the run hears, and how it stands
PING = "ping"
#: their subject, where they have one, is a job
_OF_JOBS = frozenset({Action.PAUSE, Action.RESUME, Action.CANCEL, Action.PRIORITY})


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What somebody wants; the words are not checked yet."""

    action: str
    subject: str = ""
    value: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came of it. Not `ok`: it makes no sense; `ok` and not `done`: heard, but nobody saw it happen."""

    ok: bool
    done: bool
    said: str
    hint: str = ""


@dataclass(slots=True)
class Facts:
    """What is known of the run; written by its own thread, read by another."""

    jobs: tuple[str, ...] = ()
    ended: dict[str, str] = field(default_factory=dict)
    paused: bool = False
    over: bool = False
    #: the conditions that wait for a person, by id
    approvals: Mapping[str, PolicyCondition] = field(default_factory=dict)

    def hear(self, event: Event) -> None:
        """Takes the next event in."""
        match event:
            case RunStarted():
                self.jobs = tuple(job.id for job in event.plan.jobs)
            case JobFinished():
                self.ended[event.job] = event.result.status
            case RunPaused() | RunResumed():
                self.paused = isinstance(event, RunPaused)
            case RunFinished():
                self.over = True
            case _:
                pass


def at_once(question: Question, facts: Facts) -> Answer | None:
    """The answer to what needs nothing done, None for the rest."""
    if facts.over:
        return Answer(ok=False, done=False, said="the run has ended")
    if question.action == PING:
        return Answer(ok=True, done=True, said="paused" if facts.paused else "running")
    if question.subject or question.action not in {Action.PAUSE, Action.RESUME} or (question.action == Action.PAUSE) is not facts.paused:
        return None
    return Answer(ok=True, done=True, said="it is paused already" if facts.paused else "it is not paused")


def request_of(question: Question, facts: Facts, by: str) -> Request:
    """The wish of the user `by`, its words checked. Raises ValueError with what is wrong, and perhaps a hint."""
    try:
        action = Action(question.action)
    except ValueError:
        raise ValueError(f"`{question.action}` is nothing that a run can do") from None
    if action is Action.APPROVE:
        return _approval(question, facts, by)
    subject = _job(question.subject, facts) if question.subject and action in _OF_JOBS else ""
    request = Request(action=action, subject=subject, value=question.value, reason=question.reason, by=by)
    _check(request)
    return request


def _approval(question: Question, facts: Facts, by: str) -> Request:
    """The word of somebody who may say it; who asked is noted beside it."""
    from gatekeeper.judge.policy.ground import any_glob  # lazy: only who approves pays

    condition, name = facts.approvals.get(question.subject), question.value or by
    if condition is None:
        raise ValueError(f"no condition `{question.subject}` waits for an approval", f"those that do: {', '.join(facts.approvals)}" if facts.approvals else "")
    if not any_glob(condition.reviewers, name):
        raise ValueError(f"`{name}` may not approve `{condition.id}`", f"who may: {', '.join(condition.reviewers)}")
    return Request(action=Action.APPROVE, subject=condition.id, value=name, reason=question.reason, by=by)


def _job(wanted: str, facts: Facts) -> str:
    jobs = facts.jobs
    found = [wanted] if wanted in jobs else [job for job in jobs if wanted.casefold() in job.casefold()]
    if len(found) > 1:
        raise ValueError(f"`{wanted}` is in {len(found)} jobs: {', '.join(found[:5])}", "give more of the id")
    if not found:
        from gatekeeper.config.values import nearest  # lazy: only who mistypes pays

        near = nearest(wanted, jobs)
        raise ValueError(f"no job `{wanted}` in this run", f"did you mean `{near}`?" if near else "gatekeeper status --verbose lists the jobs")
    if found[0] in facts.ended:
        raise ValueError(f"{found[0]}: has ended already: {facts.ended[found[0]]}")
    return found[0]


def tells_of(event: Intervened, request: Request) -> bool:
    """Whether an event tells of this wish; its reason may have held a secret, which events do not."""
    return (request.action, request.subject, request.value) == (event.action, event.subject, event.value)


def refusal(request: Request) -> str:
    """How the notice begins with which the run refuses this wish (`execute.answers`)."""
    return " ".join(word for word in (str(request.action), request.subject, request.value) if word) + ": "


def _check(request: Request) -> None:
    """Raises ValueError for a value that its action cannot have."""
    match request.action:
        case Action.JOBS:
            if not (request.value.isascii() and request.value.isdigit() and 0 < int(request.value[:6]) <= 10_000):
                raise ValueError(f"`{request.value}` is no number of jobs from 1 to 10000")
        case Action.PRIORITY:
            if not request.subject:
                raise ValueError("a priority is that of a job, and none is named")
            if request.value not in set(Priority):
                raise ValueError(f"`{request.value}` is no priority", f"one of: {', '.join(Priority)}")
        case Action.DEADLINE:
            try:
                seconds = float(request.value)
            except ValueError:
                seconds = 0.0
            if not 0 < seconds < 1e9:
                raise ValueError(f"`{request.value}` is no number of seconds")
        case _:
            if request.value:
                raise ValueError(f"`{request.action}` takes no value")


def done(request: Request) -> str:
    """What was done, in words."""
    who = f"{request.subject}: " if request.subject else ""
    match request.action:
        case Action.PAUSE:
            return f"{who}paused"
        case Action.RESUME:
            return f"{who}goes on"
        case Action.CANCEL:
            return f"{who}is being cancelled"
        case Action.JOBS:
            return f"at most {request.value} at once"
        case Action.PRIORITY:
            return f"{who}priority {request.value}"
        case Action.APPROVE:
            return f"{who}approved as {request.value}"
        case Action.DEADLINE:
            return f"must end within {spoken(float(request.value))} from now"
