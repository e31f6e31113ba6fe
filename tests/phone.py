"""A phone with ODK Collect v2026.3 for tests: it behaves as `docs/collect-contract.md` says Collect does.

It imports nothing of the server's and only the standard library. Where the server breaks a MUST it raises
`ContractBroken("C6: ...")`, so that using the phone *is* the test; a broken SHOULD is a line in `phone.remarks`.

    phone = Phone.from_qr(text)          # or Phone(server_url, username, password)
    phone.refresh()                      # formList, manifests, forms, media
    form = phone.form("flow_monitoring")
    instance = phone.finalize(xml, {"1700000000000.jpg": photo})
    results = phone.send_all()           # HEAD + POSTs of every instance that is not sent yet
"""

import random
import ssl
import string
import threading
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import quote, urlsplit

from tests.handset.authentication import Credentials
from tests.handset.client import Client
from tests.handset.contract import ContractBroken, demand
from tests.handset.forms import PhoneForm, State, check_entity_list, is_entity_list, md5_of, read_form, state_of
from tests.handset.instances import Instance, edited
from tests.handset.link import BadLink, Link, LinkBroken, ShakyLink
from tests.handset.lists import ListedForm, MediaFile, parse_form_list, parse_integrity, parse_manifest
from tests.handset.sending import NO_ANSWER, Sender, SendResult
from tests.handset.settings_code import read_settings
from tests.handset.wire import READ_SECONDS, Exchange, Response

__all__ = [
    "BadLink", "ContractBroken", "FetchFailed", "Instance", "Link", "LinkBroken", "Phone", "PhoneForm", "Refresh",
    "SendResult", "ShakyLink", "State",
]  # fmt: skip


class FetchFailed(Exception):
    """A GET the server refused in a legitimate way; Collect keeps what it has. `status` is the HTTP status."""

    def __init__(self, url: str, response: Response) -> None:
        self.status = response.status
        self.response = response
        meaning = {401: "credentials wanted", 404: "unreachable"}.get(response.status, "server error")
        super().__init__(f"{meaning} ({response.status}) at {url}")


@dataclass
class Refresh:
    """What one refresh of the form list did, by formID."""

    states: dict[str, State] = field(default_factory=dict)
    downloaded: list[str] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    failed: dict[str, Exception] = field(default_factory=dict)


class Phone:
    """One phone; its methods may be called from one thread, except `send`, which is safe in several."""

    def __init__(
        self,
        server_url: str,
        username: str | None = None,
        password: str | None = None,
        device_id: str | None = None,
        form_update_mode: str = "match_exactly",
        *,
        ssl_context: ssl.SSLContext | None = None,
        read_seconds: float = READ_SECONDS,
    ) -> None:
        self.server_url = server_url
        self.device_id = device_id or "collect:" + "".join(random.choices(string.ascii_letters + string.digits, k=16))
        self.form_update_mode = form_update_mode
        self.forms: list[PhoneForm] = []
        self.outbox: list[Instance] = []
        self.offline_entities: list[str] = []
        self.remarks: list[str] = []
        self._client = Client(server_url, Credentials(username or "", password or ""), ssl_context, read_seconds)
        self._sender = Sender(self._client, self._remark)

    @classmethod
    def from_qr(cls, text: str, device_id: str | None = None, **transport: object) -> "Phone":
        """A phone that scanned the settings code; `transport` as the constructor's keyword arguments."""
        settings = read_settings(text)
        return cls(
            settings.server_url,
            settings.username,
            settings.password,
            device_id,
            settings.form_update_mode,
            **transport,  # type: ignore[arg-type]
        )

    @property
    def link(self) -> Link:
        """The link every request goes over; assign a BadLink or ShakyLink to spoil it."""
        return self._client.wire.link

    @link.setter
    def link(self, link: Link) -> None:
        self._client.wire.link = link

    @property
    def exchanges(self) -> Iterable[Exchange]:
        """The last 2,000 requests on the wire, oldest first."""
        return self._client.wire.exchanges

    def restart(self) -> None:
        """Kill the app: connections, remembered credentials and the HEAD remap are gone; forms and outbox stay."""
        self._client.restart()
        self._sender.forget()

    # Blank forms

    def form_list(self) -> list[ListedForm]:
        """GET the form list; FetchFailed leaves everything as it was (C17)."""
        url = self._with_device(self.server_url.rstrip("/") + "/formList")
        return parse_form_list(self._get(url, "C3", "form list"))

    def manifest(self, listed: ListedForm) -> list[MediaFile]:
        """The files of a listed form, [] when it has no manifest."""
        if listed.manifest_url is None:
            return []
        try:
            return parse_manifest(self._get(self._with_device(listed.manifest_url), "C21", "manifest"))
        except FetchFailed as failure:
            raise ContractBroken("C24", f"manifest of {listed.form_id!r}: {failure}, its media are lost") from failure

    def refresh(self) -> Refresh:
        """What Collect does every 15 minutes in this phone's update mode."""
        listed = self.form_list()
        manifests = [self.manifest(one) for one in listed]
        result = Refresh()
        for entry, files in zip(listed, manifests, strict=True):
            result.states[entry.form_id] = state_of(entry, files, self.forms)
        if self.form_update_mode == "match_exactly":
            result.deleted = self._delete_absent({entry.form_id for entry in listed})
        for entry, files in zip(listed, manifests, strict=True):
            if self._wanted(result.states[entry.form_id]):
                try:
                    self.download(entry, files)
                    result.downloaded.append(entry.form_id)
                except (FetchFailed, *NO_ANSWER) as failure:
                    result.failed[entry.form_id] = failure
        return result

    def form(self, form_id: str) -> PhoneForm:
        """The version Collect would fill: the latest downloaded one."""
        return next(form for form in reversed(self.forms) if form.form_id == form_id and not form.deleted)

    def download(self, listed: ListedForm, files: list[MediaFile] | None = None) -> PhoneForm:
        """GET a form and its media; the same formID and version with another hash loses its old copy first (C16)."""
        files = self.manifest(listed) if files is None else files
        twins = [one for one in self.forms if (one.form_id, one.version) == (listed.form_id, listed.version)]
        if "/draft" not in urlsplit(self.server_url).path:
            changed = any(one.md5 != listed.md5 for one in twins)
            demand(not changed, "C16", f"{listed.form_id!r} {listed.version!r} changed under an unchanged version")
        older = [one for one in self.forms if one.form_id == listed.form_id]
        self.forms = [one for one in self.forms if one not in twins]
        response = self._get(self._with_device(listed.download_url), "C32", "form")
        form = read_form(listed, response.body)
        for file in files:
            self._fetch_media(form, file, older)
        self.forms.append(form)
        return form

    def _fetch_media(self, form: PhoneForm, file: MediaFile, older: list[PhoneForm]) -> None:
        kept = next((one.media[file.name] for one in reversed(older) if file.name in one.media), None)
        if kept is not None and md5_of(kept) == file.md5:  # C26
            form.media[file.name] = kept
            return
        content = self._get(self._with_device(file.download_url), "C26", f"file {file.name}").body
        if not is_entity_list(file):
            demand(md5_of(content) == file.md5, "C25", f"md5 of {file.name!r} is not the manifest's hash")
            form.media[file.name] = content
            return
        check_entity_list(file.name, content)
        form.entity_lists[file.name.removesuffix(".csv")] = content
        if file.integrity_url and self.offline_entities:  # C30
            ids = quote(",".join(self.offline_entities), safe="")
            parse_integrity(self._get(self._with_device(f"{file.integrity_url}?id={ids}"), "C30", "integrity"))

    def _delete_absent(self, listed: set[str]) -> list[str]:
        unsent = {(one.form_id, one.version) for one in self.outbox if one.status != "sent"}
        gone = [form for form in self.forms if form.form_id not in listed and not form.deleted]
        for form in gone:
            form.deleted = True
        self.forms = [form for form in self.forms if not form.deleted or (form.form_id, form.version) in unsent]
        return [form.form_id for form in gone]

    def _wanted(self, state: State) -> bool:
        if self.form_update_mode == "match_exactly":
            return state is not State.ON_DEVICE
        if self.form_update_mode == "previously_downloaded":  # C18
            return state not in {State.ON_DEVICE, State.NEW}
        return False

    def _get(self, url: str, item: str, what: str) -> Response:
        response = self._client.call("GET", url)
        if response.status != 200:
            demand(not 200 <= response.status < 300, item, f"{what} answered {response.status}, only 200 is success")
            raise FetchFailed(url, response)
        if response.header("ETag") is None:
            self._remark(f"C20: no ETag on the {what}")
        return response

    # Filled forms

    def finalize(
        self, xml: bytes, files: dict[str, bytes] | None = None, finalized_at: datetime | None = None
    ) -> Instance:
        """Put a filled form in the outbox."""
        instance = Instance(xml, dict(files or {}))
        if finalized_at is not None:
            instance.finalized_at = finalized_at
        title = next((form.title for form in self.forms if form.form_id == instance.form_id), None)
        instance.title = title or instance.form_id or "form"
        self.outbox.append(instance)
        return instance

    def edit(self, original: Instance, xml: bytes | None = None, finalized_at: datetime | None = None) -> Instance:
        """Put an edit of `original` in the outbox (C53); `xml` is the original's XML with changed answers."""
        instance = edited(original, xml, finalized_at)
        self.outbox.append(instance)
        return instance

    def send_all(self) -> list[SendResult]:
        """Send what is not sent, one at a time by finalisation date; a failure does not stop the rest (C38)."""
        waiting = [one for one in self.outbox if one.status != "sent"]
        return [self.send(instance) for instance in sorted(waiting, key=lambda one: one.finalized_at)]

    def send(self, instance: Instance) -> SendResult:
        """Send one instance, sent before or not, from its first batch."""
        version = (instance.form_id, instance.version)
        action = next((one.action for one in self.forms if (one.form_id, one.version) == version), None)
        base = action or self.server_url.removesuffix("/") + "/submission"  # C37
        result = self._sender.send(instance, self._with_device(base))
        instance.status = "sent" if result.sent else "failed"
        instance.message = result.message
        instance.acknowledged = instance.acknowledged or result.sent
        return result

    def send_at_once(self, instance: Instance, copies: int = 2) -> list[SendResult]:
        """The same instance sent by `copies` requests that overlap, as repeats in OkHttp do (C77)."""
        start = threading.Barrier(copies)

        def one(_: int) -> SendResult:
            start.wait()
            return self.send(instance)

        with ThreadPoolExecutor(copies) as pool:
            results = list(pool.map(one, range(copies)))
        refused = [one for one in results if one.status is not None and 400 <= one.status < 500]
        if refused and any(one.sent for one in results):
            raise ContractBroken("C52", f"{refused[0].status} to an overlapping repeat of {instance.instance_id}")
        return results

    def _with_device(self, url: str) -> str:
        mark = "&" if urlsplit(url).query else "?"
        return f"{url}{mark}deviceID={quote(self.device_id, safe='')}"

    def _remark(self, remark: str) -> None:
        if remark not in self.remarks:
            self.remarks.append(remark)
