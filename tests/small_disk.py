"""A disk of 20 MB that a test can fill: a tmpfs in a mount namespace of its own, or mounted in place by root."""

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

SIZE = 20 * 1024 * 1024
HOW_TO_ALLOW = "allow user namespaces (`sysctl kernel.unprivileged_userns_clone=1`), or run the tests as root"
_UNSHARE = ("unshare", "--user", "--map-root-user", "--mount")
_MOUNT = ("mount", "-t", "tmpfs", "-o", f"size={SIZE},mode=755", "tmpfs")


class SmallDisk:
    """`path` is the disk as this process sees it, `inside` as commands started behind `wrapper` see it."""

    def __init__(self, path: Path, inside: Path, wrapper: tuple[str, ...]) -> None:
        self.path, self.inside, self.wrapper = path, inside, wrapper
        self._filler = path / "filler"

    def fill(self, leave: int) -> None:
        """Write zeros until `leave` bytes (rounded to 4 KB) are free; again follows what others have written since."""
        with self._filler.open("ab", buffering=0) as filler:
            missing = self.free() - leave
            if missing <= 0:
                filler.truncate(max(0, filler.tell() + missing))
            # A server that writes at the same moment may be the one who takes the last bytes.
            with contextlib.suppress(OSError):
                while missing > 0:
                    missing -= filler.write(bytes(min(missing, 1 << 20)))

    def clear(self) -> None:
        """Give the space back."""
        self._filler.unlink()

    def free(self) -> int:
        """Bytes that are free."""
        return shutil.disk_usage(self.path).free


def can_mount(folder: Path) -> bool:
    """Whether a small disk can be had on this machine."""
    return _works([*_UNSHARE, *_MOUNT, str(folder)]) or _root_can_mount(folder)


@contextlib.contextmanager
def small_disk(folder: Path) -> Iterator[SmallDisk]:
    """The disk, mounted at the empty `folder`; gone at the end, whatever still runs on it."""
    if _works([*_UNSHARE, *_MOUNT, str(folder)]):
        script = '"$@" && echo mounted && exec sleep infinity'
        command = [*_UNSHARE, "sh", "-c", script, "sh", *_MOUNT, str(folder)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as holder:
            try:
                assert holder.stdout is not None
                assert holder.stdout.readline() == b"mounted\n"
                enter = ("nsenter", f"--target={holder.pid}", "--user", "--mount", "--preserve-credentials")
                # --wd: the folder this process works in is another one over there, seen through the old mounts.
                yield SmallDisk(Path(f"/proc/{holder.pid}/root{folder}"), folder, (*enter, f"--wd={Path.cwd()}"))
            finally:
                holder.kill()
        return
    subprocess.run([*_MOUNT, str(folder)], check=True)
    try:
        yield SmallDisk(folder, folder, ())
    finally:
        # Lazily: nothing may be left, even if a server that failed to end still has files open.
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def _root_can_mount(folder: Path) -> bool:
    if os.geteuid() != 0 or not _works([*_MOUNT, str(folder)]):
        return False
    subprocess.run(["umount", str(folder)], check=True)
    return True


def _works(command: list[str]) -> bool:
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False
