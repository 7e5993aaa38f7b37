"""A faulty proxy between a sender and a ledger: the first posted event is recorded and its answer
lost, and the third gets a 503. All other requests and answers pass.

Usage: flaky.py HOST:PORT    (prints its own address)
"""

import http.client
import http.server
import itertools
import sys

LEDGER = sys.argv[1]
posted = itertools.count(1)


class Between(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.answer(*self.ask(None))

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        number = 0 if "dryRun" in self.path else next(posted)
        if number == 3:
            self.answer(503, [("Retry-After", "1")], b"")
            return
        answer = self.ask(body)
        if number != 1:
            self.answer(*answer)

    def ask(self, body):
        ledger = http.client.HTTPConnection(LEDGER, timeout=30)
        headers = {name: value for name, value in self.headers.items() if name.lower() != "host"}
        ledger.request(self.command, self.path, body, headers)
        answer = ledger.getresponse()
        read = answer.read()
        ledger.close()
        return answer.status, answer.getheaders(), read

    def answer(self, status, headers, body):
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in ("transfer-encoding", "connection", "content-length"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Between)
print(f"http://127.0.0.1:{server.server_port}", flush=True)
server.serve_forever()
