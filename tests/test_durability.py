"""What a killed process cannot show: before the 201 leaves, rows and photos have left the page cache too (C59)."""

import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import pytest

from tests.installation import instance, new_id
from tests.phone import Phone
from tests.server_process import ServerProcess, prepare
from tests.skips import require_tool

pytestmark = pytest.mark.slow

# -D: the server stays our child, so that it is stopped like any other. -y: file numbers with their paths.
STRACE = ("strace", "-D", "-f", "-y", "-s", "5000")
CALLS = "trace=fsync,fdatasync,rename,renameat,renameat2,pwrite64,sendto,sendmsg,write,writev,mkdir,mkdirat"
_LINE = re.compile(r"(\d+) +(?:<\.\.\. \w+ resumed>.*|(\w+)\((.*))", re.DOTALL)
_ANSWER = '"HTTP/1.1 201 '


@dataclass
class Call:
    """One system call: the lines of the trace at which it began and returned."""

    name: str
    given: str
    begun: int
    returned: int = -1

    def syncs(self, path: Path) -> bool:
        """Whether it makes exactly this file or folder durable."""
        return self.name in {"fsync", "fdatasync"} and f"<{path}>" in self.given

    def renames_to(self, path: Path) -> bool:
        """Whether it gives something this path."""
        return self.name.startswith("rename") and f'"{path}"' in self.given.rpartition(", ")[2] + self.given

    def writes(self, path: Path, text: str) -> bool:
        """Whether it writes `text` to this file."""
        return self.name == "pwrite64" and f"<{path}>" in self.given and text in self.given


@dataclass(frozen=True)
class Sent:
    """What a phone sent, and when, in lines of the trace, its 201 began to leave."""

    instance_id: str
    photo: bytes
    answered: int


@dataclass(frozen=True)
class Trace:
    """What the server asked of the kernel while it received four submissions."""

    data: Path
    calls: Sequence[Call]
    large: Sent
    small: Sent
    same_again: Sent
    without: Sent

    def blob(self, photo: bytes) -> Path:
        """Where a photo is stored."""
        name = sha256(photo).hexdigest()
        return self.data / "files" / name[:2] / name

    @property
    def wal(self) -> Path:
        """Where SQLite writes first."""
        return self.data / "relais.sqlite3-wal"

    def one(self, wanted: Callable[[Call], bool]) -> Call:
        """The only call of a kind."""
        (found,) = filter(wanted, self.calls)
        return found

    def last(self, wanted: Callable[[Call], bool], before: int) -> Call:
        """The last call of a kind that began before a line."""
        return [call for call in self.calls if call.begun < before and wanted(call)][-1]

    def synced(self, path: Path, after: int, before: int) -> bool:
        """Whether a file or folder was made durable, from beginning to end, between two lines."""
        return any(call.syncs(path) and after < call.begun and 0 < call.returned < before for call in self.calls)


@pytest.fixture(scope="module")
def trace(tmp_path_factory: pytest.TempPathFactory) -> Trace:
    """The server under strace, and a phone that sends a large photo, a small one, the same again, and answers alone."""
    present = shutil.which("strace") is not None and _may_trace()
    require_tool("strace", present, "`apt install strace`, and the right to trace (docker: --cap-add SYS_PTRACE)")
    folder = tmp_path_factory.mktemp("durability")
    prepared = prepare(folder / "data")
    wrapper = (*STRACE, "-o", str(folder / "trace"), "-e", CALLS)
    photos = [os.urandom(100_000), small := os.urandom(10_000), small, b""]
    with ServerProcess(prepared.data, folder / "log", wrapper, reserve_bytes=0) as served:
        phone = Phone(served.url + prepared.key_url)
        filled = [phone.finalize(instance(new_id(), photo=f"{n}.jpg" if p else ""), {f"{n}.jpg": p} if p else {})
                  for n, p in enumerate(photos)]  # fmt: skip
        assert [phone.send(one).status for one in filled] == [201] * len(filled)
        assert served.stop() == 0
    calls = read_trace(_finished(folder / "trace"))
    answers = [call.begun for call in calls if call.name != "pwrite64" and _ANSWER in call.given]
    sent = [Sent(one.instance_id, photo, at) for one, photo, at in zip(filled, photos, answers, strict=True)]
    return Trace(prepared.data, calls, *sent)


def _may_trace() -> bool:
    return subprocess.run([*STRACE, "-o", os.devnull, "true"], capture_output=True, check=False).returncode == 0


def _finished(path: Path) -> list[str]:
    """The lines of the trace, once strace has written its last."""
    deadline = time.monotonic() + 20
    while "+++ exited with" not in (lines := path.read_text(errors="replace").splitlines())[-1]:
        assert time.monotonic() < deadline, lines[-1]
        time.sleep(0.05)
    return lines


def read_trace(lines: Sequence[str]) -> list[Call]:
    """Every call that returned, those of other threads in between included; those that failed are left out."""
    calls: list[Call] = []
    waiting: dict[str, Call] = {}
    for number, line in enumerate(lines):
        found = _LINE.fullmatch(line)
        if found is None:
            continue
        thread, name, given = found.groups()
        call = waiting.pop(thread) if name is None else Call(name, given, number)
        if line.endswith("<unfinished ...>"):
            waiting[thread] = call
        elif " = -1 " not in line:
            call.returned = number
            calls.append(call)
    return sorted(calls, key=lambda call: call.begun)


def test_a_trace_is_read_in_the_order_in_which_calls_began_and_returned() -> None:
    lines = [
        "7 fsync(3</data/a> <unfinished ...>",
        '8 sendto(4<socket:[1]>, "HTTP/1.1 201 CREATED", 20, 0, NULL, 0) = 20',
        "7 <... fsync resumed>)            = 0",
        "7 fdatasync(3</data/b>)           = -1 EIO (Input/output error)",
        "7 +++ exited with 0 +++",
    ]
    assert [(call.name, call.begun, call.returned) for call in read_trace(lines)] == [("fsync", 0, 2), ("sendto", 1, 1)]


@pytest.mark.parametrize("photo", ["large", "small"])
def test_a_photo_gets_its_name_only_when_its_bytes_are_on_disk(trace: Trace, photo: str) -> None:
    sent: Sent = getattr(trace, photo)
    blob = trace.blob(sent.photo)
    named = trace.one(lambda call: call.renames_to(blob))
    (written,) = re.findall(r'"([^"]+/tmp/[^"]+)"', named.given)
    assert trace.synced(Path(written), 0, named.begun)
    assert named.returned < sent.answered


@pytest.mark.parametrize("photo", ["large", "small"])
def test_the_name_of_a_photo_is_on_disk_before_the_row_that_counts_on_it(trace: Trace, photo: str) -> None:
    sent: Sent = getattr(trace, photo)
    blob = trace.blob(sent.photo)
    named = trace.one(lambda call: call.renames_to(blob))
    row = next(call for call in trace.calls if call.writes(trace.wal, sent.instance_id))
    assert trace.synced(blob.parent, named.returned, row.begun)


@pytest.mark.parametrize("photo", ["large", "small"])
def test_the_folder_of_a_photo_is_on_disk_before_the_201(trace: Trace, photo: str) -> None:
    sent: Sent = getattr(trace, photo)
    folder = trace.blob(sent.photo).parent
    made = trace.one(lambda call: call.name.startswith("mkdir") and f'"{folder}"' in call.given)
    assert trace.synced(folder.parent, made.returned, sent.answered)


def test_a_photo_that_another_request_has_just_stored_is_not_believed_to_be_on_disk(trace: Trace) -> None:
    folder = trace.blob(trace.same_again.photo).parent
    assert trace.synced(folder, trace.small.answered, trace.same_again.answered)


@pytest.mark.parametrize("which", ["large", "small", "same_again", "without"])
def test_the_rows_of_a_submission_are_on_disk_before_the_201(trace: Trace, which: str) -> None:
    sent: Sent = getattr(trace, which)
    written = trace.last(lambda call: call.writes(trace.wal, sent.instance_id), sent.answered)
    assert trace.synced(trace.wal, written.returned, sent.answered)
