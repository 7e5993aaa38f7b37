// Question: where is each person, in which treatment, and what was missed on the way?
// Reads: custody, substitution, referrals, treatment. Units: events; micrograms.
fromCategory('person').foreachStream().when({
  $init: () => ({
    at: null, since: null, moves: 0, inside: false,
    product: null, micrograms: 0, doses: 0, withheld: 0, lastDose: null, breaks: 0,
    referrals: {}, answered: 0, stay: null, stays: 0, dropouts: 0, last: null,
  }),
  'detention.arrived': (state, event) => {
    state.at = event.data.facility;
    state.since = event.metadata.time;
    state.inside = true;
    state.moves += 1;
  },
  'detention.transferred': (state, event) => {
    state.at = event.data.facility || state.at;
    state.moves += 1;
    if (state.product !== null && state.lastDose === null) state.breaks += 1;
  },
  'detention.released': (state) => {
    state.at = null;
    state.inside = false;
  },
  'substitution.prescribed': (state, event) => {
    state.product = event.data.product;
    state.micrograms = event.data.doseMicrograms || 0;
  },
  'substitution.doseContinued': (state, event) => {
    state.product = event.data.product;
    state.micrograms = event.data.doseMicrograms;
    state.doses += 1;
    state.lastDose = event.sequenceNumber;
  },
  'substitution.doseWithheld': (state) => {
    state.withheld += 1;
    state.lastDose = null;
  },
  'substitution.stopped': (state) => {
    state.product = null;
    state.lastDose = null;
    state.breaks += state.inside ? 1 : 0;
  },
  'cap.referred': (state, event) => { state.referrals[event.data.referral] = 'open'; },
  'referral.answered': (state, event) => {
    state.referrals[event.data.referral] = event.data.accepted ? 'accepted' : 'refused';
    state.answered += 1;
  },
  'residential.admitted': (state, event) => {
    state.stay = event.data.stay;
    state.stays += 1;
  },
  'residential.droppedOut': (state) => {
    state.stay = null;
    state.dropouts += 1;
  },
  'residential.completed': (state) => { state.stay = null; },
  $any: (state, event) => { state.last = event.eventType; },
});
