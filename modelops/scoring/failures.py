"""Why a scoring job failed: what the service says, and the script's last exception from the job's logs.

The service's message is the same for any failure of the driver ("exited with status code 42"); the exception of
`init()` or `run()` is only in the log files of the child run
(https://learn.microsoft.com/azure/machine-learning/how-to-troubleshoot-batch-endpoints). Their format is that of files
that users published, e.g. in MicrosoftDocs/azure-docs#105903. What they lack is left out.
"""

import re
from itertools import dropwhile
from pathlib import PurePosixPath
from typing import Final, NamedTuple

from modelops import advice
from modelops.scoring.job_logs import JobLogs

_SUMMARY: Final = "logs/job_error."
_TRACES: Final = "logs/user/error/"
_ENTRY: Final = re.compile(r"^\S+ The \S+ on node \S+ failed with error: ", re.MULTILINE)
_TRACEBACK: Final = "Traceback (most recent call last):"
_FRAME: Final = re.compile(r'^[ |]*File "(?P<file>[^"]+)", line (?P<line>\d+)(?:, in (?P<function>.+))?$')
# The driver that calls the script, and what is installed.
_NOT_THE_USERS: Final = re.compile(
    r"(^|/)(azureml_sys|azureml_common|azureml_user|site-packages|dist-packages)/|/lib/python\d|^<"
)
_DRIVER: Final = "amlbi_main.py"

_PART: Final = 300
"""Characters of the beginning, and of the end, of a long reason."""

_DRIVER_FAILED: Final = "exited with status code 42."
_DRIVERS_REASON: Final = re.compile(r"Error: (.+)$", re.DOTALL)
_ADVICE: Final = re.compile(
    r"\s*(Please check logs for (?:error|details)\.|You can check logs/readme\.txt for the layout of logs\.)"
)


class _Frame(NamedTuple):
    file: str
    line: int
    function: str


class ScriptError(NamedTuple):
    """An exception of the script: `ValueError: text`, and its place (`score.py, line 7, in run`; "" if unknown)."""

    text: str
    place: str

    def __str__(self) -> str:
        return f"{self.text} ({self.place})" if self.place else self.text

    @property
    def file(self) -> str:
        """The file of its place; "" if unknown."""
        return self.place.partition(", line ")[0]

    def line(self) -> str:
        """Return it with its place first, as `score.py:7 in run: ValueError: text`."""
        place = self.place.replace(", line ", ":").replace(", in ", " in ")
        return _short(f"{place}: {self.text}" if place else self.text)

    def is_told(self, said: str) -> bool:
        """Whether the service's reason says the same; it may leave out the exception's class."""
        message = self.text.partition(": ")[2]
        return not said or self.text in said or bool(message and message in said)


def reason(logs: JobLogs) -> str:
    """Return why the job failed, as one or two sentences on one line; "" if neither the service nor the logs say.

    Of a long text, as MLflow's with the whole schema of a model, the middle is left out; the logs have it.
    """
    said = _service_reason(logs.message())
    return " ".join(filter(None, [_short(_reason(said, last_error(logs))), advice.about_answer(said)]))


def service_reason(logs: JobLogs) -> str:
    """Return what the service says of the failure, on one line, shortened as by `reason`; "" if it says nothing."""
    said = _service_reason(logs.message())
    return " ".join(filter(None, [_short(said), advice.about_answer(said)]))


def _reason(said: str, error: ScriptError | None) -> str:
    if error is None:
        return said
    if error.text in said:
        return said.replace(error.text, str(error))
    if said and error.is_told(said):
        return said
    end = "." if said and said[-1] not in ".!?" else ""
    return " ".join(filter(None, [said + end, f"The script's last exception: {error}"]))


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 2 * _PART else f"{line[:_PART]} … {line[-_PART:]}"


def last_error(logs: JobLogs) -> ScriptError | None:
    """Return the last exception of `init()` or `run()`; None if the logs have none.

    The place is the deepest one in the user's own files. For a process that ended without an exception, the text is
    what the log says of it.
    """
    return read(last_trace(logs))


def last_trace(logs: JobLogs) -> str:
    """Return the last traceback of the script, as the logs have it; "" if they have none."""
    names = logs.names()
    for name in reversed([each for each in names if each.startswith(_SUMMARY)]):
        if (entries := _ENTRY.split(logs.text(name)))[1:]:
            return entries[-1]
    traces = [logs.text(name) for name in names if name.startswith(_TRACES)]
    return max(traces, default="")  # each begins with its time


def read(trace: str) -> ScriptError | None:
    """Return the last exception of a traceback, or the first line of a text without one; None if it is empty."""
    lines = trace.rpartition(_TRACEBACK)[2].strip("\n").splitlines()
    frames = [
        (number, _Frame(found["file"], int(found["line"]), found["function"] or ""))
        for number, line in enumerate(lines)
        if (found := _FRAME.match(line))
    ]
    if not frames:
        return ScriptError(lines[0].strip(), "") if lines else None
    # After the last frame stand its source lines, all indented.
    rest = dropwhile(lambda line: line.startswith(" ") or not line.strip(), lines[frames[-1][0] + 1 :])
    return ScriptError(next(rest, lines[-1]).strip(), _place([frame for _, frame in frames]))


def users_lines(trace: str) -> list[str]:
    """Return a traceback's lines from the first of the user's own files on; without one, none.

    The frames above are the driver's, and the same for every script.
    """
    lines = trace.rpartition(_TRACEBACK)[2].strip("\n").splitlines()
    frames = [_Frame(found["file"], 0, "") if (found := _FRAME.match(line)) else None for line in lines]
    users = _users([frame for frame in frames if frame])
    first = next((number for number, frame in enumerate(frames) if frame in users), len(lines))
    return lines[first:]


def _place(frames: list[_Frame]) -> str:
    users = _users(frames)
    if not users:
        return ""
    script, last = PurePosixPath(users[0].file), PurePosixPath(users[-1].file)
    file = last.relative_to(script.parent) if last.is_relative_to(script.parent) else last.name
    function = users[-1].function
    within = f", in {function}" if function and not function.startswith("<") else ""
    return f"{file}, line {users[-1].line}{within}"


def _users(frames: list[_Frame]) -> list[_Frame]:
    """Return the frames in the user's own files."""
    drivers = {PurePosixPath(each.file).parent for each in frames if PurePosixPath(each.file).name == _DRIVER}
    return [
        each
        for each in frames
        if not _NOT_THE_USERS.search(each.file) and PurePosixPath(each.file).parent not in drivers
    ]


def _service_reason(message: str) -> str:
    """Return the service's message without what is the same for every failure of the driver."""
    if _DRIVER_FAILED not in message:
        return message.strip()
    found = _DRIVERS_REASON.search(message)
    text = _ADVICE.sub("", found[1]).strip() if found else ""
    # In Azure that may be the driver's own traceback, which ends in SystemExit: it says nothing.
    return "" if "SystemExit" in text else text
