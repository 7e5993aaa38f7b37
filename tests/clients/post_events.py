"""Events made by the public CloudEvents SDK (PyPI `cloudevents`), posted as it writes them.

Always: the bytes and headers are the SDK's own. The first posting of an event is recorded (201);
in every other mode the same event is a duplicate (200, the identical receipt).
The SDK has no batch format, so a batch is a JSON array around its own structured bodies.

Usage: post_events.py http://HOST:PORT
"""

import sys
import uuid
from datetime import datetime, timedelta, timezone

import requests
from cloudevents.core.bindings import http as core_http
from cloudevents.core.v1.event import CloudEvent as CoreEvent
from cloudevents.v1 import conversion as compat
from cloudevents.v1.http import CloudEvent as CompatEvent

IDS = [
    "plain-1",
    "été/ñ/日本語/🩺",
    "100%",
    "%41 is not A",
    "a%2Fb",
    'quote " and \\ backslash',
    "two  spaces and\u00a0a third",
    "+plus&and=equals;semicolon,comma",
    " leading and trailing ",
    "e\u0301 is not é",
]

BRUSSELS_WINTER = timezone(timedelta(hours=1))

TIMES = [
    datetime(2026, 3, 1, 10, 0, tzinfo=BRUSSELS_WINTER),
    datetime(2026, 3, 1, 9, 0, tzinfo=timezone.utc),
    datetime(2026, 3, 1, 10, 0, 0, 123456, tzinfo=BRUSSELS_WINTER),
]

failures = []
checks = 0


def check(holds, what):
    global checks
    checks += 1
    if not holds:
        failures.append(what)
        print(f"FAILED: {what}", file=sys.stderr)


def attributes(event_id, time, source, **more):
    return {
        "id": event_id,
        "source": source,
        "type": "care.screened",
        "subject": str(uuid.uuid5(uuid.NAMESPACE_URL, source + event_id)),
        "time": time,
    } | more


DATA = {"instrument": "assist", "needIdentified": True}


class Ledger:
    def __init__(self, url):
        self.url = url + "/v1/events"
        self.session = requests.Session()

    def post(self, headers, body):
        return self.session.post(self.url, data=body, headers=headers, timeout=30)


def receipts_of(answer):
    try:
        return answer.json()["receipts"]
    except (ValueError, KeyError):
        return []


def expect(answer, status, word, first, what):
    """Checks for one receipt of this status, the same as the first receipt, if there was one."""
    receipts = receipts_of(answer)
    told = f"{what}: {answer.status_code} {answer.text[:300]}"
    check(answer.status_code == status and len(receipts) == 1, told)
    if len(receipts) != 1:
        return first
    receipt = dict(receipts[0])
    check(receipt.pop("status") == word, told)
    check(first is None or receipt == first, f"{what}: another receipt than the first")
    return receipt


def core_rows(ledger):
    """SDK 2: the event in both modes, which take turns in going first."""
    bodies = []
    for number, event_id in enumerate(IDS):
        for time in TIMES:
            for data_type in (None, "application/json"):
                source = f"urn:sdk:core:{time.isoformat()}:{data_type}"
                more = {"datacontenttype": data_type} if data_type else {}
                more |= {"correlationid": "épisode 5%", "ourextension": "kept"}
                event = CoreEvent(attributes(event_id, time, source, **more), DATA)
                modes = [
                    ("structured", core_http.to_structured_event(event)),
                    ("binary", core_http.to_binary_event(event)),
                ]
                bodies.append(modes[0][1].body)
                if number % 2:
                    modes.reverse()
                first = None
                for mode, message in modes + modes:
                    answer = ledger.post(message.headers, message.body)
                    is_new = first is None
                    status, word = (201, "recorded") if is_new else (200, "duplicate")
                    what = f"SDK 2, {mode}, id {event_id!r}, {time}, {data_type}"
                    first = expect(answer, status, word, first, what)
                    if first is not None:
                        check(first["id"] == event_id, f"{what}: the id came out as {first['id']!r}")
                found = ledger.session.get(
                    ledger.url, params={"source": source, "id": event_id}, timeout=30
                ).json()
                same = found.get("id") == event_id
                check(same and found["ourextension"] == "kept", f"{event_id!r} is not found")
    return bodies


def compat_rows(ledger):
    """The SDK's v1 modules. They write header values as they are, so ids here are plain."""
    for data_type in (None, "application/json"):
        source = f"urn:sdk:compat:{data_type}"
        more = {"datacontenttype": data_type} if data_type else {}
        event = CompatEvent(
            attributes("plain-1", "2026-03-01T10:00:00+01:00", source, **more), DATA
        )
        first = None
        for mode, write in [("binary", compat.to_binary), ("structured", compat.to_structured)] * 2:
            headers, body = write(event)
            status, word = (201, "recorded") if first is None else (200, "duplicate")
            first = expect(ledger.post(headers, body), status, word, first, f"SDK v1, {mode}")
        # A sender that changes from one SDK to the other still sends the same event.
        core = CoreEvent(attributes("plain-1", TIMES[0], source, **more), DATA)
        message = core_http.to_binary_event(core)
        expect(ledger.post(message.headers, message.body), 200, "duplicate", first, "v1, then 2")


def batches(ledger, bodies):
    headers = {"content-type": "application/cloudevents-batch+json"}
    answer = ledger.post(headers, b"[" + b",".join(bodies) + b"]")
    words = [receipt["status"] for receipt in receipts_of(answer)]
    check(answer.status_code == 200, f"a batch of known events: {answer.status_code}")
    check(words == ["duplicate"] * len(bodies), "a batch of known events: not all duplicates")
    events = [
        CoreEvent(attributes(event_id, TIMES[0], "urn:sdk:batch"), DATA) for event_id in IDS
    ]
    bodies = [core_http.to_structured_event(event).body for event in events]
    for status, word in [(201, "recorded"), (200, "duplicate")]:
        answer = ledger.post(headers, b"[" + b",".join(bodies) + b"]")
        words = [receipt["status"] for receipt in receipts_of(answer)]
        check(answer.status_code == status, f"a batch: {answer.status_code} {answer.text[:300]}")
        check(words == [word] * len(IDS), f"a batch: {words}")
    lines = {"content-type": "application/x-ndjson"}
    answer = ledger.post(lines, b"\n".join(bodies))
    check(answer.text.count('"duplicate"') == len(IDS), f"lines: {answer.text[:300]}")


def refusals(ledger):
    """A refusal names the place of each mistake of a sender."""
    base = attributes("refused", TIMES[0], "urn:sdk:refused")
    rows = [
        ("a person's number as subject", base | {"subject": "85.07.30-033.28"}, DATA, "/subject"),
        ("data in bytes", base, b"\x00\x01", "/data"),
        ("text as data", base, "clean", "/data"),
        ("a member too many", base, DATA | {"note": "free text"}, "/data/note"),
        ("a type of its own", base | {"type": "com.example.x"}, DATA, "/type"),
        ("what the ledger sets", base | {"position": "7"}, DATA, "/position"),
        ("what answers add", base | {"original": "7"}, DATA, "/original"),
        ("a control character", base | {"id": "tab\tand text"}, DATA, "/id"),
    ]
    for what, members, data, name in rows:
        message = core_http.to_structured_event(CoreEvent(members, data))
        answer = ledger.post(message.headers, message.body)
        names = [issue["name"] for issue in answer.json().get("issues", [])]
        told = f"{what}: {answer.status_code} {answer.text[:400]}"
        check(answer.status_code == 422 and any(n.startswith(name) for n in names), told)


def main():
    ledger = Ledger(sys.argv[1].rstrip("/"))
    bodies = core_rows(ledger)
    compat_rows(ledger)
    batches(ledger, bodies)
    refusals(ledger)
    print(f"CloudEvents SDK: {checks - len(failures)} of {checks} checks hold")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
