/// <reference path="care-ledger.d.ts" />
// @ts-check
fromCategory('person').foreachStream().when({
  $init: () => ({ at: '' }),
  'detention.arrived': (state, event) => {
    state.at = event.data.facillity;
  },
});
