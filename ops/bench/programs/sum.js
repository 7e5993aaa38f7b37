// Question: how many doses were given at each place, and to how much do they add up?
// Reads: substitution.doseContinued. Units: doses; micrograms.
fromAll().partitionBy((event) => event.data.facility).when({
  $init: () => ({ doses: 0, micrograms: 0 }),
  'substitution.doseContinued': (state, event) => {
    state.doses += 1;
    state.micrograms += event.data.doseMicrograms;
  },
});
