"""Checks that a ledger holds the events of a sender: reads them from standard input, one per line.

Usage: care-ledger events --source URN | held.py
"""

import datetime
import json
import sys

DOSE = {"product": "methadone", "doseMicrograms": 60000, "setting": "prison", "facility": "gent"}
STAY = {"detention": "stay-1", "facility": "gent", "legalStatus": "pretrial"}
SENT = [
    ("arrival-1", "detention.arrived", "2026-03-02T15:40:00+00:00", STAY),
    ("dose-1", "substitution.doseContinued", "2026-03-03T07:35:00+00:00", DOSE),
]


def summary(event):
    time = datetime.datetime.fromisoformat(event["time"].replace("Z", "+00:00"))
    time = time.astimezone(datetime.timezone.utc).isoformat()
    return event["id"], event["type"], time, event["data"]


found = [summary(json.loads(line)) for line in sys.stdin]
if found != SENT:
    sys.exit(f"the ledger holds {found}, not {SENT}")
