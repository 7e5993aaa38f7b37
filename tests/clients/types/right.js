/// <reference path="care-ledger.d.ts" />
// @ts-check
// view: effective
// Question: where is each person held, and how many doses did they get there?
fromCategory('person').foreachStream().when({
  $init: () => ({ at: '', doses: 0, micrograms: 0, since: '' }),
  'detention.arrived': (state, event) => {
    state.at = event.data.facility;
    state.since = event.metadata.correctedby ? event.created : event.metadata.civil.time;
  },
  'substitution.doseContinued': (state, event) => {
    state.doses += 1;
    state.micrograms += event.data.doseMicrograms;
  },
  $any: (state, event) => {
    if (event.eventType === 'death.recorded') state.at = '';
  },
}).filterBy((state) => state.at !== '').transformBy((state) => ({ at: state.at }));
