"""JavaRosa, the engine inside Collect, as the respondent: it lives in pyxform's ODK_Validate.jar.

Our own respondent proposes answers; JavaRosa steps through the form with them as Collect does, judges each one, does
all calculations itself and writes the XML. What it refuses is counted in `rejected`.
"""

import base64
import hashlib
import importlib.util
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.respondent.own import Filled, Respondent, Unfillable
from tests.respondent.preload import Device

SOURCE = Path(__file__).with_name("JavaRespondent.java")
ZONE = "Africa/Niamey"
TRIES = 40


def jar() -> Path | None:
    """ODK_Validate.jar of the installed pyxform."""
    found = importlib.util.find_spec("pyxform")
    if found is None or found.origin is None:
        return None
    path = Path(found.origin).parent / "validators/odk_validate/bin/ODK_Validate.jar"
    return path if path.exists() else None


def available() -> bool:
    """Whether this machine has a JDK (a plain JRE cannot compile) and the jar."""
    return shutil.which("java") is not None and shutil.which("javac") is not None and jar() is not None


def validate(folder: Path) -> set[str]:
    """The names, without ending, of the forms in a folder that ODK Validate refuses, all judged by one process."""
    forms = sorted(folder.glob("*.xml"))
    done = subprocess.run(["java", "-Xss8m", "-jar", str(jar()), *forms], capture_output=True, check=False)
    _, _, failed = done.stderr.decode().partition("The following files failed validation:")
    return {Path(line).stem for line in failed.splitlines() if line.endswith(".xml")}


def _classes() -> Path:
    """The folder with the compiled program, made once per source text and jar."""
    archive = jar()
    assert archive is not None
    text = SOURCE.read_bytes() + str(archive.stat().st_size).encode()
    folder = Path(tempfile.gettempdir()) / f"relais-respondent-{hashlib.sha256(text).hexdigest()[:16]}"
    if not (folder / "JavaRespondent.class").exists():
        fresh = Path(tempfile.mkdtemp(prefix="relais-respondent-"))
        subprocess.run(["javac", "-nowarn", "-cp", archive, "-d", fresh, SOURCE], check=True, capture_output=True)
        try:
            fresh.rename(folder)
        except OSError:  # another run was quicker
            shutil.rmtree(fresh)
    return folder


class JavaRespondent:
    """Fills one form; a context manager, as it keeps a Java process. Interviews happen now, in Niamey."""

    def __init__(
        self, xml: bytes, media: Mapping[str, bytes] | None = None, seed: int = 0, device: Device | None = None
    ) -> None:
        self.proposer = Respondent.of(xml, media, seed)
        self.proposer.backdated = timedelta(0)
        self.proposer.device = device or Device()
        self.rejected: dict[tuple[str, str], int] = {}
        self.proposals = 0
        self._folder = tempfile.TemporaryDirectory(prefix="relais-form-")
        root = Path(self._folder.name)
        (root / "form.xml").write_bytes(xml)
        (root / "last-saved.xml").write_bytes(b"<?xml version='1.0' encoding='UTF-8' ?><__last-saved/>")
        for name, content in (media or {}).items():
            (root / name).write_bytes(_with_phone_columns(content) if name.endswith(".csv") else content)
        command = ["java", "-XX:+UseSerialGC", "-Xss8m", f"-Duser.timezone={ZONE}", "-cp", f"{_classes()}:{jar()}"]
        self._java = subprocess.Popen(
            [*command, "JavaRespondent"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        answer = self._ask("form", str(root / "form.xml"), str(root), self.proposer.device.device_id, "enumerator")
        if answer[0] != "ready":
            self.close()
            raise Unfillable("/", f"JavaRosa does not open the form: {answer[1]}")

    def __enter__(self) -> "JavaRespondent":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """End the Java process."""
        assert self._java.stdin is not None
        assert self._java.stdout is not None
        self._java.stdin.close()
        self._java.wait(10)
        self._java.stdout.close()
        self._folder.cleanup()

    def fill(self) -> Filled:
        """The next filled form, finalised by JavaRosa; Unfillable after many refusals."""
        last = ("/", "")
        for _ in range(TRIES):
            proposal = self.proposer.fill()
            self.proposals += 1
            finished = self.finish(proposal)
            if isinstance(finished, Filled):
                return finished
            last = finished
            self.rejected[last] = self.rejected.get(last, 0) + 1
        raise Unfillable(*last)

    def fills(self, count: int) -> Iterator[Filled]:
        """`count` filled forms."""
        for _ in range(count):
            yield self.fill()

    def finish(self, proposal: Filled) -> Filled | tuple[str, str]:
        """JavaRosa's version of a proposal, or the path and the reason of its refusal."""
        kind, *rest = self._ask("fill", base64.b64encode(proposal.xml).decode())
        if kind != "filled":
            return (rest[0], rest[1]) if kind == "rejected" else ("/", rest[0])
        xml = base64.b64decode(rest[0])
        files = {name: content for name, content in proposal.files.items() if name.encode() in xml}
        return Filled(xml, files, datetime.now(UTC))

    def _ask(self, *words: str) -> list[str]:
        assert self._java.stdin is not None
        assert self._java.stdout is not None
        self._java.stdin.write("\t".join(words).encode() + b"\n")
        self._java.stdin.flush()
        line = self._java.stdout.readline().decode()
        if not line:
            raise RuntimeError("the Java process ended")
        return line.rstrip("\n").split("\t")


def _with_phone_columns(content: bytes) -> bytes:
    """An entity list as the phone's own database offers it: two columns more (C71)."""
    header, _, rest = content.decode("utf-8-sig").partition("\n")
    columns = header.rstrip("\r").split(",")
    if "__version" not in columns or "__trunkVersion" in columns:
        return content
    lines = [f"{line.rstrip(chr(13))},," for line in rest.split("\n") if line.strip()]
    return "\n".join([f"{','.join(columns)},__trunkVersion,__branchId", *lines, ""]).encode()
