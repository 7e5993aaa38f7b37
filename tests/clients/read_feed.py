"""The live feed read by a public SSE client (PyPI `sseclient-py`, over `requests`).

Always: the client gets the same events as the pages show, each once and in order, over connections
that it loses and opens again with the last id it saw.

Usage: read_feed.py http://HOST:PORT
"""

import json
import sys
import uuid

import requests
import sseclient

SOURCE = "urn:sse:reader"
EVENTS = 40
# The numbers of events after which a connection is lost.
TAKEN = [1, 3, 7, 40]


def post(url, numbers):
    events = [
        {
            "specversion": "1.0",
            "id": str(number),
            "source": SOURCE,
            "type": "care.screened",
            "subject": str(uuid.uuid5(uuid.NAMESPACE_URL, SOURCE)),
            "time": "2026-03-01T10:00:00+01:00",
            "data": {"instrument": "assist", "needIdentified": True},
        }
        for number in numbers
    ]
    kind = {"content-type": "application/cloudevents-batch+json"}
    answer = requests.post(url, data=json.dumps(events), headers=kind, timeout=30)
    answer.raise_for_status()


def read(url, last, most):
    """Events after the last one seen; the connection is then dropped."""
    headers = {"accept": "text/event-stream"}
    if last is not None:
        headers["last-event-id"] = last
    seen = []
    with requests.get(
        url, params={"source": SOURCE}, headers=headers, stream=True, timeout=30
    ) as answer:
        answer.raise_for_status()
        for event in sseclient.SSEClient(answer).events():
            if not event.data:
                continue
            seen.append((event.id, json.loads(event.data)))
            if len(seen) == most:
                return seen
    return seen


def main():
    url = sys.argv[1].rstrip("/") + "/v1/events"
    post(url, range(EVENTS // 2))
    seen, last, turn = [], None, 0
    while len(seen) < EVENTS:
        if turn == 2:
            post(url, range(EVENTS // 2, EVENTS))
        # The first two connections end before the second half is recorded.
        most = min(TAKEN[turn % len(TAKEN)], EVENTS - len(seen))
        seen += read(url, last, most)
        last = seen[-1][0]
        turn += 1
    page = requests.get(url, params={"source": SOURCE, "limit": EVENTS}, timeout=30).json()
    holds = [event for _, event in seen] == page["items"]
    ids = [position for position, _ in seen] == [event["position"] for event in page["items"]]
    again = [event["id"] for _, event in seen] == [str(number) for number in range(EVENTS)]
    print(f"sseclient: {len(seen)} events over {turn} connections")
    if not (holds and ids and again):
        print("FAILED: the feed and the pages differ", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
