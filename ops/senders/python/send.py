"""Sends care events to a Care Ledger with the public CloudEvents SDK (PyPI `cloudevents`).

A request that gets no answer, or a 503, is sent again unchanged: the ledger recognises an event by
its `source` and `id`, so a retry never records the event twice. The person is made up.

Usage: send.py http://HOST:PORT
"""

import sys
import time
from datetime import datetime, timedelta, timezone

import requests
from cloudevents.core.bindings.http import to_binary_event, to_structured_event
from cloudevents.core.v1.event import CloudEvent

SOURCE = "urn:care-ledger:example:sender-python"
PERSON = "7e57ab1e-0000-4000-8000-000000000001"
BELGIUM = timezone(timedelta(hours=1))
TRIES = 6


def care_event(kind, event_id, at, data):
    attributes = {"id": event_id, "source": SOURCE, "type": kind, "subject": PERSON, "time": at}
    return CloudEvent(attributes, data)


def post(url, message):
    """Posts again until the answer is not a 503."""
    wait = 0.2
    for left in reversed(range(TRIES)):
        try:
            answer = requests.post(url, data=message.body, headers=message.headers, timeout=30)
            if answer.status_code != 503:
                return answer
            why, pause = "503", float(answer.headers.get("retry-after", wait))
        except (requests.ConnectionError, requests.Timeout):
            why, pause = "no answer", wait
        if not left:
            sys.exit(f"gave up: {why}")
        print(f"   {why}: the same again in {pause:g} s")
        time.sleep(pause)
        wait = min(wait * 2, 10)


def tell(answer):
    """Prints the result for one event, and returns its receipt."""
    told = answer.json()
    if answer.ok:
        receipt = told["receipts"][0]
        when = "would be recorded" if told.get("dryRun") else receipt["status"]
        print(f"   {when}: revision {receipt['revision']} of {receipt['stream']}")
        return receipt
    print(f"   refused: {told['status']} {told['title']}; see {told['href']}")
    for issue in told.get("issues", []):
        print(f"   {issue['in']} {issue['name']}: {issue.get('code', '')}: {issue['detail']}")
    return None


def main(base):
    events = base.rstrip("/") + "/v1/events"
    arrival = care_event(
        "detention.arrived",
        "arrival-1",
        datetime(2026, 3, 2, 16, 40, tzinfo=BELGIUM),
        {"detention": "stay-1", "facility": "gent", "legalStatus": "pretrial"},
    )
    given = datetime(2026, 3, 3, 8, 35, tzinfo=BELGIUM)
    dose = {
        "product": "methadone",
        "doseMicrograms": 60000,
        "setting": "prison",
        "facility": "gent",
    }
    continued = care_event("substitution.doseContinued", "dose-1", given, dose)
    mistaken = dose | {"doseMicrograms": "60 mg", "note": "-"}
    wrong = care_event("substitution.doseContinued", "dose-2", given, mistaken)

    print("an arrival, as a dry run")
    tell(post(events + "?dryRun=true", to_structured_event(arrival)))
    print("the arrival, in structured mode")
    first = tell(post(events, to_structured_event(arrival)))
    print("a dose, in binary mode")
    tell(post(events, to_binary_event(continued)))
    print("the arrival once more")
    again = tell(post(events, to_structured_event(arrival)))
    same = again["commitment"] == first["commitment"] and again["position"] == first["position"]
    print(f"   {'the first' if same else 'ANOTHER'} receipt again: nothing stands there twice")
    print("a dose with two mistakes")
    tell(post(events, to_structured_event(wrong)))
    print("what was refused of this source")
    inbox = requests.get(base + "/v1/refusals", params={"source": SOURCE}, timeout=30).json()
    for item in inbox["items"]:
        names = ", ".join(f"{issue['name']} {issue['code']}" for issue in item["problem"]["issues"])
        print(f"   {item['id']} {item['problem']['status']}: {names}")


if __name__ == "__main__":
    main(sys.argv[1])
