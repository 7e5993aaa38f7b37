// Sends care events to a Care Ledger with the public CloudEvents SDK (npm `cloudevents`).
//
// A request that gets no answer, or a 503, is sent again unchanged: the ledger recognises an event
// by its `source` and `id`, so a retry never records the event twice. The person is made up.
//
// Usage: node send.mjs http://HOST:PORT

import { CloudEvent, HTTP } from "cloudevents";

const SOURCE = "urn:care-ledger:example:sender-node";
const PERSON = "7e57ab1e-0000-4000-8000-000000000002";
const TRIES = 6;

const careEvent = (type, id, time, data) =>
  new CloudEvent({ id, source: SOURCE, type, subject: PERSON, time, data });

const sleep = (seconds) => new Promise((done) => setTimeout(done, seconds * 1000));

/** Posts again until the answer is not a 503. */
async function post(url, message) {
  let wait = 0.2;
  for (let left = TRIES - 1; ; left -= 1) {
    let why = "no answer";
    let pause = wait;
    try {
      const signal = AbortSignal.timeout(30_000);
      const { headers, body } = message;
      const answer = await fetch(url, { method: "POST", headers, body, signal });
      if (answer.status !== 503) return answer;
      why = "503";
      pause = Number(answer.headers.get("retry-after") ?? wait);
    } catch (error) {
      // No answer is a TypeError or, after the signal, a TimeoutError; other errors are ours.
      if (!(error instanceof TypeError) && error.name !== "TimeoutError") throw error;
    }
    if (left === 0) throw new Error(`gave up: ${why}`);
    console.log(`   ${why}: the same again in ${pause} s`);
    await sleep(pause);
    wait = Math.min(wait * 2, 10);
  }
}

/** Prints the result for one event, and returns its receipt. */
async function tell(answer) {
  const told = await answer.json();
  if (answer.ok) {
    const receipt = told.receipts[0];
    const when = told.dryRun ? "would be recorded" : receipt.status;
    console.log(`   ${when}: revision ${receipt.revision} of ${receipt.stream}`);
    return receipt;
  }
  console.log(`   refused: ${told.status} ${told.title}; see ${told.href}`);
  for (const issue of told.issues ?? []) {
    console.log(`   ${issue.in} ${issue.name}: ${issue.code ?? ""}: ${issue.detail}`);
  }
  return undefined;
}

const base = process.argv[2].replace(/\/$/, "");
const events = `${base}/v1/events`;

const arrival = careEvent("detention.arrived", "arrival-1", "2026-03-02T16:40:00+01:00", {
  detention: "stay-1",
  facility: "gent",
  legalStatus: "pretrial",
});
const dose = { product: "methadone", doseMicrograms: 60000, setting: "prison", facility: "gent" };
const given = "2026-03-03T08:35:00+01:00";
const continued = careEvent("substitution.doseContinued", "dose-1", given, dose);
const mistaken = { ...dose, doseMicrograms: "60 mg", note: "-" };
const wrong = careEvent("substitution.doseContinued", "dose-2", given, mistaken);

console.log("an arrival, as a dry run");
await tell(await post(`${events}?dryRun=true`, HTTP.structured(arrival)));
console.log("the arrival, in structured mode");
const first = await tell(await post(events, HTTP.structured(arrival)));
console.log("a dose, in binary mode");
await tell(await post(events, HTTP.binary(continued)));
console.log("the arrival once more");
const again = await tell(await post(events, HTTP.structured(arrival)));
const same = again.commitment === first.commitment && again.position === first.position;
console.log(`   ${same ? "the first" : "ANOTHER"} receipt again: nothing stands there twice`);
console.log("a dose with two mistakes");
await tell(await post(events, HTTP.structured(wrong)));
console.log("what was refused of this source");
const inbox = await fetch(`${base}/v1/refusals?source=${encodeURIComponent(SOURCE)}`);
for (const { id, problem } of (await inbox.json()).items) {
  const names = problem.issues.map((issue) => `${issue.name} ${issue.code}`);
  console.log(`   ${id} ${problem.status}: ${names.join(", ")}`);
}
