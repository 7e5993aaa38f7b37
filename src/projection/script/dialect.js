// The definition functions of KurrentDB's projection dialect. A program calls them once, at its top
// level. Evaluated after determinism.js; gives a function that ends the definition and says what
// was defined.
(function (collector) {
  'use strict';

  const { text, give, say } = collector;
  const { apply, deleteProperty, defineProperty } = Reflect;
  const { getOwnPropertyNames, keys } = Object;
  const isArray = Array.isArray;
  const sourceOf = Function.prototype.toString;
  const endsWith = String.prototype.endsWith;
  // How the text of a native or bound function ends. No program has this text, which is no syntax.
  const NATIVE = '{\n    [native code]\n}';

  const defined = {
    all: false, streams: [], categories: [],
    byStream: false, partitionBy: undefined,
    init: undefined, initShared: undefined, any: undefined, anyServes: false, deleted: undefined,
    created: [], types: [], handlers: [], steps: [],
    biState: false, includeLinks: false,
  };

  const isFunction = (value) => typeof value === 'function';
  // Written in JavaScript: neither native nor bound.
  const isOfTheProgram = (value) =>
    isFunction(value) && !apply(endsWith, apply(sourceOf, value, []), [NATIVE]);

  function fail(message) {
    throw new Error(message);
  }

  function names(caller, values) {
    const list = values.length === 1 && isArray(values[0]) ? values[0] : values;
    if (list.length === 0) fail(`${caller} takes a name, and got none`);
    for (let at = 0; at < list.length; at++) {
      if (typeof list[at] !== 'string') fail(`${caller} takes strings, or one array of strings`);
    }
    return list;
  }

  function theFunction(caller, value) {
    if (!isFunction(value)) fail(`${caller} takes a function`);
    return value;
  }

  // --- Handlers ----------------------------------------------------------------------------------

  const special = {
    __proto__: null,
    $init(f) { defined.init = f; },
    $initShared(f) { defined.initShared = f; defined.biState = true; },
    $any(f) { defined.any = f; defined.anyServes = true; },
    $created(f) { defined.created.push(f); },
    $deleted(f) {
      if (!defined.byStream) fail('$deleted needs foreachStream() before it');
      if (defined.biState) fail('$deleted cannot follow shared state');
      defined.deleted = f;
    },
  };

  function register(type, handler) {
    if (special[type] !== undefined) {
      special[type](handler);
      return;
    }
    if (defined.types.includes(type)) fail(`a second handler of ${type}`);
    defined.types.push(type);
    defined.handlers.push(handler);
    defined.anyServes = false;
  }

  // --- Chains ------------------------------------------------------------------------------------

  const outputTo = (...values) => {
    if (values.length < 1 || values.length > 2 || !values.every((v) => typeof v === 'string')) {
      fail('outputTo takes one or two strings');
    }
  };
  const step = (isFilter, caller) => (f) => {
    defined.steps.push([isFilter, theFunction(caller, f)]);
    return afterOutput();
  };
  const transformBy = step(false, 'transformBy');
  const filterBy = step(true, 'filterBy');
  const outputState = () => afterOutput(false);

  function afterOutput(mayOutputState = true) {
    const next = { transformBy, filterBy, outputTo };
    return mayOutputState ? { ...next, outputState } : next;
  }

  function when(handlers) {
    if (typeof handlers !== 'object' || handlers === null) fail('when takes an object of handlers');
    for (const type of getOwnPropertyNames(handlers)) {
      if (isOfTheProgram(handlers[type])) register(type, handlers[type]);
    }
    return {
      transformBy, filterBy, outputState, outputTo,
      $defines_state_transform() {},
    };
  }

  function partitionBy(f) {
    defined.partitionBy = theFunction('partitionBy', f);
    return { when };
  }

  function foreachStream() {
    defined.byStream = true;
    return { when };
  }

  const ofStreams = () => ({ when, partitionBy, outputState });
  const ofCategories = () => ({ when, partitionBy, outputState, foreachStream });

  const select = (caller, kind, next) => (...values) => {
    for (const name of names(caller, values)) defined[kind].push(name);
    return next();
  };

  const OPTIONS = {
    __proto__: null,
    resultstreamname: ['string', () => {}],
    $includelinks: ['boolean', (value) => { defined.includeLinks = value; }],
    reorderevents: ['boolean', () => {}],
    bistate: ['boolean', (value) => { defined.biState = value; }],
    processinglag: ['number', () => {}],
  };

  const functions = {
    fromAll: () => { defined.all = true; return ofCategories(); },
    fromStream: select('fromStream', 'streams', ofStreams),
    fromStreams: select('fromStreams', 'streams', ofStreams),
    fromCategory: select('fromCategory', 'categories', ofCategories),
    fromCategories: select('fromCategories', 'categories', ofCategories),
    on_event: (type, f) => {
      if (typeof type !== 'string') fail('on_event takes a type and a function');
      register(type, theFunction('on_event', f));
    },
    on_any: (f) => register('$any', theFunction('on_any', f)),
    options: (values) => {
      if (typeof values !== 'object' || values === null) fail('options takes an object');
      for (const name of keys(values)) {
        const option = OPTIONS[name.toLowerCase()];
        if (option === undefined) fail(`there is no option ${name}`);
        const [type, set] = option;
        if (typeof values[name] !== type) fail(`option ${name} takes a ${type}`);
        set(values[name]);
      }
    },
  };
  for (const name of keys(functions)) {
    const value = functions[name];
    defineProperty(globalThis, name, { value, writable: true, configurable: true });
  }

  // --- At run time -------------------------------------------------------------------------------

  const isObject = (value) => typeof value === 'object' && value !== null || isFunction(value);

  function take(caller, values, count) {
    if (values.length < count) fail(`${caller} takes ${count} values, and got ${values.length}`);
  }

  function name(caller, what, value) {
    if (typeof value !== 'string' || value.trim() === '') {
      fail(`${caller} takes a ${what} that is not blank`);
    }
    return value;
  }

  function body(caller, what, value) {
    if (!isObject(value)) fail(`${caller} takes an object as ${what}`);
    return value;
  }

  // Names and values in turn; each value is its JSON text.
  function metadata(caller, value) {
    if (value === undefined || value === null) return undefined;
    const pairs = [];
    for (const member of keys(body(caller, 'metadata', value))) {
      if (value[member] !== undefined) pairs.push(member, text(value[member]));
    }
    return pairs;
  }

  const emitters = {
    emit(...values) {
      take('emit', values, 3);
      give(name('emit', 'stream', values[0]), name('emit', 'type', values[1]),
        text(body('emit', 'body', values[2])), metadata('emit', values[3]), false);
    },
    linkTo(...values) {
      take('linkTo', values, 2);
      const stream = name('linkTo', 'stream', values[0]);
      const { sequenceNumber, streamId } = body('linkTo', 'event', values[1]);
      if (typeof sequenceNumber !== 'number' || typeof streamId !== 'string') {
        fail('linkTo takes an event with a number sequenceNumber and a string streamId');
      }
      give(stream, '$>', text(`${sequenceNumber}@${streamId}`), metadata('linkTo', values[2]), true);
    },
    linkStreamTo(...values) {
      take('linkStreamTo', values, 2);
      give(name('linkStreamTo', 'stream', values[0]), '$@',
        text(name('linkStreamTo', 'target', values[1])), metadata('linkStreamTo', values[2]), false);
    },
    copyTo() {},
  };

  // One value is one line. Of several, each plain value is a line; then one line has the objects,
  // and ` ,` stands before each value from the third on.
  function log(...values) {
    if (values.length === 0) return;
    if (values.length === 1) {
      say(isObject(values[0]) ? text(values[0]) : `${String(values[0])}`);
      return;
    }
    let objects = '';
    values.forEach((value, at) => {
      if (at > 1) objects += ' ,';
      if (isObject(value)) objects += text(value);
      else say(String(value));
    });
    say(objects);
  }
  defineProperty(globalThis, 'log', { value: log, writable: true, configurable: true });

  // Ends the definition. A variable of the program that took such a name stays.
  return function () {
    for (const name of keys(functions)) {
      if (globalThis[name] === functions[name]) deleteProperty(globalThis, name);
    }
    for (const name of keys(emitters)) {
      if (!(name in globalThis)) {
        const value = emitters[name];
        defineProperty(globalThis, name, { value, writable: true, configurable: true });
      }
    }
    return defined;
  };
})
