// The definition functions of KurrentDB's projection dialect. A program calls them once, at its top
// level. Evaluated after determinism.js; gives a function that ends the definition and says what
// was defined.
// Always: what a program does to built-in objects does not reach this file, so no loop here uses an
// iterator and no method of a prototype is called but by `apply`.
(function (collector) {
  'use strict';

  const { text, give, say, condemn } = collector;
  const { apply, deleteProperty, defineProperty, getOwnPropertyDescriptor, ownKeys } = Reflect;
  const { getOwnPropertyNames, getOwnPropertySymbols, keys } = Object;
  const { isArray } = Array;
  const { trunc } = Math;
  const StringOf = String;
  const sourceOf = Function.prototype.toString;
  const { endsWith, toLowerCase, toWellFormed, trim } = String.prototype;
  // How the text of a native or bound function ends. No program has this text, which is no syntax.
  const NATIVE = '{\n    [native code]\n}';

  const defined = {
    all: false, streams: [], categories: [],
    byStream: false, partitionBy: undefined,
    init: undefined, initShared: undefined, any: undefined, anyServes: false, deleted: undefined,
    created: [], types: [], handlers: [], steps: [],
    biState: false, includeLinks: false,
  };
  let isOver = false;

  // Also a caught error is one: nothing of a program that breaks a rule is kept.
  function fail(message) {
    condemn(message);
    throw new Error(message);
  }

  const add = (list, value) => {
    const at = { __proto__: null, value, writable: true, enumerable: true, configurable: true };
    defineProperty(list, list.length, at);
  };
  // A lone surrogate is U+FFFD, as in every text that leaves the program.
  const whole = (value) => apply(toWellFormed, value, []);
  const isFunction = (value) => typeof value === 'function';
  // Written in JavaScript: neither native nor bound.
  const isOfTheProgram = (value) =>
    isFunction(value) && !apply(endsWith, apply(sourceOf, value, []), [NATIVE]);
  // The value of an own member that is no getter or setter.
  const valueOf = (object, name) => getOwnPropertyDescriptor(object, name)?.value;

  function define() {
    if (isOver) throw new Error('a projection is defined at the top level of its file');
  }

  function theFunction(caller, value) {
    if (!isOfTheProgram(value)) fail(`${caller} takes a function of the program`);
    return value;
  }

  // --- Handlers ----------------------------------------------------------------------------------

  const special = {
    __proto__: null,
    $init(f) { defined.init = f; },
    $initShared(f) { defined.initShared = f; defined.biState = true; },
    $any(f) { defined.any = f; defined.anyServes = true; },
    $created(f) { add(defined.created, f); },
    $deleted(f) {
      if (defined.biState) fail('$deleted cannot follow shared state');
      defined.deleted = f;
    },
  };

  function register(type, handler) {
    if (special[type] !== undefined) {
      special[type](handler);
      return;
    }
    type = whole(type);
    for (let at = 0; at < defined.types.length; at++) {
      if (defined.types[at] === type) fail(`a second handler of ${type}`);
    }
    add(defined.types, type);
    add(defined.handlers, handler);
    defined.anyServes = false;
  }

  // --- Chains ------------------------------------------------------------------------------------

  const outputTo = (...values) => {
    define();
    for (let at = 0; at < values.length; at++) {
      if (typeof values[at] !== 'string') fail('outputTo takes one or two strings');
    }
    if (values.length < 1 || values.length > 2) fail('outputTo takes one or two strings');
  };
  const step = (isFilter, caller) => (f) => {
    define();
    add(defined.steps, [isFilter, theFunction(caller, f)]);
    return afterOutput(true);
  };
  const transformBy = step(false, 'transformBy');
  const filterBy = step(true, 'filterBy');
  const outputState = () => {
    define();
    return afterOutput(false);
  };

  function afterOutput(mayOutputState) {
    return mayOutputState
      ? { transformBy, filterBy, outputTo, outputState } : { transformBy, filterBy, outputTo };
  }

  function when(handlers) {
    define();
    if (typeof handlers !== 'object' || handlers === null) fail('when takes an object of handlers');
    const names = getOwnPropertyNames(handlers);
    for (let at = 0; at < names.length; at++) {
      const handler = valueOf(handlers, names[at]);
      if (isOfTheProgram(handler)) register(names[at], handler);
    }
    return {
      transformBy, filterBy, outputState, outputTo,
      $defines_state_transform() {},
    };
  }

  function partitionBy(f) {
    define();
    defined.partitionBy = theFunction('partitionBy', f);
    return { when };
  }

  function foreachStream() {
    define();
    defined.byStream = true;
    return { when };
  }

  const ofStreams = () => ({ when, partitionBy, outputState });
  const ofCategories = () => ({ when, partitionBy, outputState, foreachStream });

  const select = (caller, kind, next) => (...values) => {
    define();
    const list = values.length === 1 && isArray(values[0]) ? values[0] : values;
    const mayBeEmpty = caller === 'fromStreams' || values.length > 0 && caller !== 'fromStream';
    if (list.length === 0 && !mayBeEmpty) fail(`${caller} takes a name, and got none`);
    for (let at = 0; at < list.length; at++) {
      if (typeof list[at] !== 'string') fail(`${caller} takes strings, or one array of strings`);
      add(defined[kind], whole(list[at]));
    }
    return next();
  };

  const OPTIONS = {
    __proto__: null,
    resultstreamname: { type: 'string', set() {} },
    $includelinks: { type: 'boolean', set(value) { defined.includeLinks = value; } },
    reorderevents: { type: 'boolean', set() {} },
    bistate: { type: 'boolean', set(value) { defined.biState = value; } },
    processinglag: { type: 'number', set() {} },
  };

  function options(values) {
    define();
    if (typeof values !== 'object' || values === null || isArray(values)) {
      fail('options takes an object');
    }
    const names = ownKeys(values);
    for (let at = 0; at < names.length; at++) {
      const name = names[at];
      const option = typeof name === 'string' ? OPTIONS[apply(toLowerCase, name, [])] : undefined;
      if (option === undefined) fail(`there is no option ${StringOf(name)}`);
      const value = valueOf(values, name);
      if (typeof value !== option.type) fail(`option ${name} takes a ${option.type}`);
      option.set(value);
    }
  }

  const functions = {
    fromAll: () => { define(); defined.all = true; return ofCategories(); },
    fromStream: select('fromStream', 'streams', ofStreams),
    fromStreams: select('fromStreams', 'streams', ofStreams),
    fromCategory: select('fromCategory', 'categories', ofCategories),
    fromCategories: select('fromCategories', 'categories', ofCategories),
    on_event: (...values) => {
      define();
      if (values.length !== 2 || typeof values[0] !== 'string') {
        fail('on_event takes a type and a function');
      }
      register(values[0], theFunction('on_event', values[1]));
    },
    on_any: (f) => { define(); register('$any', theFunction('on_any', f)); },
    options,
  };
  const put = (name, value) => defineProperty(globalThis, name,
    { __proto__: null, value, writable: true, enumerable: false, configurable: true });
  const names = keys(functions);
  for (let at = 0; at < names.length; at++) put(names[at], functions[names[at]]);

  // --- At run time -------------------------------------------------------------------------------

  const isObject = (value) => typeof value === 'object' && value !== null || isFunction(value);

  function take(caller, values, least, most) {
    if (values.length < least || values.length > most) {
      fail(`${caller} takes ${least} to ${most} values, and got ${values.length}`);
    }
  }

  function name(caller, what, value) {
    if (typeof value !== 'string' || apply(trim, value, []) === '') {
      fail(`${caller} takes a ${what} that is not blank`);
    }
    return whole(value);
  }

  function body(caller, what, value) {
    if (!isObject(value)) fail(`${caller} takes an object as ${what}`);
    return value;
  }

  // Names and values in turn; each value is its JSON text. Absent where no value was given.
  function metadata(caller, values, at) {
    if (values.length <= at) return undefined;
    const value = body(caller, 'metadata', values[at]);
    if (getOwnPropertySymbols(value).length > 0) fail(`${caller} takes metadata with named members`);
    const pairs = [];
    const members = keys(value);
    for (let each = 0; each < members.length; each++) {
      const member = value[members[each]];
      if (member !== undefined) {
        add(pairs, whole(members[each]));
        add(pairs, text(member));
      }
    }
    return pairs;
  }

  const emitters = {
    emit(...values) {
      take('emit', values, 3, 4);
      give(name('emit', 'stream', values[0]), name('emit', 'type', values[1]),
        text(body('emit', 'body', values[2])), metadata('emit', values, 3), false);
    },
    linkTo(...values) {
      take('linkTo', values, 2, 3);
      const stream = name('linkTo', 'stream', values[0]);
      const { sequenceNumber, streamId } = body('linkTo', 'event', values[1]);
      if (typeof sequenceNumber !== 'number' || typeof streamId !== 'string') {
        fail('linkTo takes an event with a number sequenceNumber and a string streamId');
      }
      const target = `${trunc(sequenceNumber) || 0}@${streamId}`;
      give(stream, '$>', text(target), metadata('linkTo', values, 2), true);
    },
    linkStreamTo(...values) {
      take('linkStreamTo', values, 2, 3);
      give(name('linkStreamTo', 'stream', values[0]), '$@',
        text(name('linkStreamTo', 'target', values[1])), metadata('linkStreamTo', values, 2), false);
    },
    copyTo() {},
  };

  // One value is one line. Of several, each plain value is a line; then one line has the objects,
  // and ` ,` stands before each value from the third on.
  function log(...values) {
    if (values.length === 0) return;
    if (values.length === 1) {
      say(isObject(values[0]) ? text(values[0]) : whole(StringOf(values[0])));
      return;
    }
    let objects = '';
    for (let at = 0; at < values.length; at++) {
      if (at > 1) objects += ' ,';
      if (isObject(values[at])) objects += text(values[at]);
      else say(whole(StringOf(values[at])));
    }
    say(objects);
  }
  put('log', log);

  // Ends the definition. A variable of the program that took the name of a definition stays.
  return function () {
    if (defined.deleted !== undefined && !defined.byStream) fail('$deleted needs foreachStream()');
    isOver = true;
    for (let at = 0; at < names.length; at++) {
      if (globalThis[names[at]] === functions[names[at]]) deleteProperty(globalThis, names[at]);
    }
    const emitting = keys(emitters);
    for (let at = 0; at < emitting.length; at++) {
      // What the program declared as a function can only be assigned to.
      const value = emitters[emitting[at]];
      if (!put(emitting[at], value)) globalThis[emitting[at]] = value;
    }
    return defined;
  };
})
