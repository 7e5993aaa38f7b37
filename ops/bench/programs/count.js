// Question: how many events does each person have? Units: events.
fromCategory('person').foreachStream().when({
  $init: () => ({ n: 0 }),
  $any: (state) => { state.n += 1; },
});
