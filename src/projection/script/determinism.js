// What makes a script give the same answer on every machine and on every day.
// Evaluated before each program. It takes away clock, chance and compilation of text, makes local
// time UTC, and keeps loops inside the engine from running for ever.
(function (watch) {
  'use strict';

  const { apply, construct, defineProperty, deleteProperty, getPrototypeOf } = Reflect;
  const { getOwnPropertyNames, prototype: objectPrototype } = Object;
  const { isArray } = Array;
  const uncurry = (method) => (self, ...values) => apply(method, self, values);
  const hide = (object, name, value) =>
    defineProperty(object, name, { value, writable: true, enumerable: false, configurable: true });
  // Gives a replacement the name and the number of parameters of what it replaces.
  const like = (replaced, replacement) => {
    for (const name of ['name', 'length']) {
      defineProperty(replacement, name, { value: replaced[name], configurable: true });
    }
    return replacement;
  };
  const refuse = (what, why) => ({
    [what]() {
      throw new Error(`${what} is not there: ${why}`);
    },
  })[what];

  // --- What is not there -----------------------------------------------------------------------

  const CLOCK = 'a projection has no clock; use the times of the events';
  const CHANCE = 'a projection has no chance; the same events must give the same state';
  const TEXT = 'text cannot be run as a program here';

  for (const name of ['WeakRef', 'FinalizationRegistry', 'SharedArrayBuffer', 'Atomics',
    'queueMicrotask', 'console', 'navigator', 'DOMException', 'gc']) {
    deleteProperty(globalThis, name);
  }
  hide(Math, 'random', refuse('Math.random', CHANCE));
  defineProperty(globalThis, 'performance', {
    get: refuse('performance', CLOCK), set: undefined, enumerable: false, configurable: true,
  });
  hide(globalThis, 'eval', refuse('eval', TEXT));
  const functions = [function () {}, function* () {}, async function () {}, async function* () {}];
  for (const kind of functions.map(getPrototypeOf)) {
    const compile = refuse('Function', TEXT);
    const replacement = like(kind.constructor, function () { return compile(); });
    defineProperty(replacement, 'prototype', { value: kind, writable: false });
    defineProperty(kind, 'constructor', { value: replacement, configurable: true });
  }
  hide(globalThis, 'Function', objectPrototype.constructor.constructor);

  // --- Dates: no clock, and local time is UTC ----------------------------------------------------

  const NativeDate = Date;
  const dates = NativeDate.prototype;
  const nativeParse = NativeDate.parse;
  const timeOf = uncurry(dates.getTime);
  const isDate = (value) => {
    try {
      timeOf(value);
      return true;
    } catch {
      return false;
    }
  };
  const test = uncurry(RegExp.prototype.test);
  const exec = uncurry(RegExp.prototype.exec);
  const replace = uncurry(String.prototype.replace);
  const setUtcFullYear = dates.setUTCFullYear;
  // A date and time of ISO 8601 without an offset.
  const ISO_WITHOUT_OFFSET = /^[+-]?\d{4,6}(-\d\d){0,2}[T ]\d\d:\d\d(:\d\d([.,]\d+)?)?$/i;
  const ISO = /^[+-]?\d{4,6}(-\d\d){0,2}([T ].*)?$/i;
  const OFFSET_AT_END = /(Z|UTC?|GMT|[ECMP][SD]T|[+-]\d\d:?\d\d)\s*(\([^()]*\))?$/i;
  const DATE = /^([+-]?\d{4,6})(?:-(\d\d)(?:-(\d\d))?)?(?=$|[T ])/i;

  // Whether year, month and day name a date: QuickJS takes 30 February for 1 March.
  function isDateOfCalendar(found) {
    const month = found[2] === undefined ? 1 : +found[2];
    const day = found[3] === undefined ? 1 : +found[3];
    const date = new NativeDate(0);
    apply(setUtcFullYear, date, [+found[1], month - 1, day]);
    return apply(dates.getUTCMonth, date, []) === month - 1 && day > 0;
  }

  function parse(text) {
    text = `${text}`;
    const found = exec(DATE, text);
    if (found !== null && !isDateOfCalendar(found)) return NaN;
    if (test(ISO, text)) text = replace(text, ' ', 'T');
    if (test(ISO_WITHOUT_OFFSET, text)) return nativeParse(text + 'Z');
    if (test(ISO, text) || test(OFFSET_AT_END, text)) return nativeParse(text);
    return nativeParse(text + ' UTC');
  }

  function construction(values) {
    if (values.length === 0) throw new Error(`new Date() is not there: ${CLOCK}`);
    if (values.length > 1) return NativeDate.UTC(...values);
    const value = values[0];
    if (isDate(value)) return timeOf(value);
    const plain = typeof value === 'object' && value !== null || typeof value === 'function'
      ? toPrimitive(value) : value;
    // The sign refuses a BigInt, as ECMAScript asks.
    return typeof plain === 'string' ? parse(plain) : +plain;
  }

  // ECMAScript, ToPrimitive with the hint "default".
  function toPrimitive(value) {
    const exotic = value[Symbol.toPrimitive];
    if (exotic !== undefined && exotic !== null) return apply(exotic, value, ['default']);
    for (const name of ['valueOf', 'toString']) {
      if (typeof value[name] === 'function') {
        const plain = apply(value[name], value, []);
        if (typeof plain !== 'object' || plain === null) return plain;
      }
    }
    throw new TypeError('toPrimitive');
  }

  const OtherDate = like(NativeDate, function (...values) {
    if (new.target === undefined) throw new Error(`Date() is not there: ${CLOCK}`);
    return construct(NativeDate, [construction(values)], new.target);
  });
  defineProperty(OtherDate, 'prototype', { value: dates, writable: false });
  hide(dates, 'constructor', OtherDate);
  hide(OtherDate, 'now', refuse('Date.now', CLOCK));
  hide(OtherDate, 'parse', like(nativeParse, { parse: (text) => parse(text) }.parse));
  hide(OtherDate, 'UTC', NativeDate.UTC);
  hide(globalThis, 'Date', OtherDate);

  for (const part of ['FullYear', 'Month', 'Date', 'Day', 'Hours', 'Minutes', 'Seconds',
    'Milliseconds']) {
    for (const verb of ['get', 'set']) {
      const utc = dates[`${verb}UTC${part}`];
      const local = dates[`${verb}${part}`];
      if (local !== undefined) {
        hide(dates, `${verb}${part}`,
          like(local, { method(...values) { return apply(utc, this, values); } }.method));
      }
    }
  }
  const fullYear = uncurry(dates.getUTCFullYear);
  const setFullYear = uncurry(dates.setUTCFullYear);
  const pad = (number, width) => `${number}`.padStart(width, '0');
  const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
  const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov',
    'Dec'];
  const get = Object.fromEntries(['Month', 'Date', 'Day', 'Hours', 'Minutes', 'Seconds']
    .map((part) => [part, uncurry(dates[`getUTC${part}`])]));
  const year = (date, width) =>
    fullYear(date) < 0 ? `-${pad(-fullYear(date), 6)}` : pad(fullYear(date), width);
  const clock = (date) =>
    ['Hours', 'Minutes', 'Seconds'].map((part) => pad(get[part](date), 2)).join(':');
  const forms = {
    toDateString: (date) => `${DAYS[get.Day(date)]} ${MONTHS[get.Month(date)]} `
      + `${pad(get.Date(date), 2)} ${year(date, 4)}`,
    toTimeString: (date) => `${clock(date)} GMT+0000 (UTC)`,
    toString: (date) => `${forms.toDateString(date)} ${forms.toTimeString(date)}`,
    toLocaleDateString: (date) =>
      `${pad(get.Month(date) + 1, 2)}/${pad(get.Date(date), 2)}/${year(date, 4)}`,
    toLocaleTimeString: (date) => clock(date),
    toLocaleString: (date) => `${forms.toLocaleDateString(date)} ${clock(date)}`,
  };
  for (const name of getOwnPropertyNames(forms)) {
    const form = forms[name];
    hide(dates, name, like(dates[name], {
      method() { return Number.isNaN(timeOf(this)) ? 'Invalid Date' : form(this); },
    }.method));
  }
  hide(dates, 'getTimezoneOffset', like(dates.getTimezoneOffset, {
    method() { return Number.isNaN(timeOf(this)) ? NaN : 0; },
  }.method));
  if (dates.getYear !== undefined) {
    hide(dates, 'getYear', like(dates.getYear, {
      method() { return fullYear(this) - 1900; },
    }.method));
    hide(dates, 'setYear', like(dates.setYear, {
      method(number) {
        const whole = Math.trunc(number);
        return setFullYear(this, whole >= 0 && whole <= 99 ? 1900 + whole : number);
      },
    }.method));
  }

  // --- Loops inside the engine -------------------------------------------------------------------

  // Built-in functions do not look at the time limit themselves. `watch()` does, and throws.

  // An array that fits into the memory limit is shorter.
  const LENGTH_MAX = 2 ** 25;
  // Steps that take about a second.
  const STEPS_MAX = 2 ** 31;
  // Below this nobody looks: it takes microseconds.
  const STEPS_FREE = 2 ** 14;

  function expect(name, steps, most) {
    if (steps > most) throw new RangeError(`${name} over so much takes too long`);
    if (steps > STEPS_FREE) watch();
  }
  const wrap = (holder, names, before) => {
    for (const name of names) {
      const native = holder[name];
      if (native === undefined) continue;
      hide(holder, name, like(native, {
        method(...values) {
          before(name, this, values);
          return apply(native, this, values);
        },
      }.method));
    }
  };
  const length = (value) =>
    value === undefined || value === null || typeof value === 'string' ? 0 : value.length;

  wrap(Array.prototype, ['concat', 'copyWithin', 'every', 'fill', 'filter', 'find', 'findIndex',
    'findLast', 'findLastIndex', 'flat', 'flatMap', 'forEach', 'includes', 'indexOf', 'join',
    'lastIndexOf', 'map', 'reduce', 'reduceRight', 'reverse', 'shift', 'slice', 'some', 'sort',
    'splice', 'toLocaleString', 'toReversed', 'toSorted', 'toSpliced', 'unshift', 'with'],
  (name, self, values) => {
    // `concat`, `flat` and the like also go over arrays that they are given.
    let longest = length(self);
    for (let at = 0; at < values.length; at++) {
      if (isArray(values[at]) && values[at].length > longest) longest = values[at].length;
    }
    expect(name, longest, LENGTH_MAX);
  });
  wrap(Array, ['from', 'fromAsync'], (name, _, values) =>
    expect(name, length(values[0]), LENGTH_MAX));
  wrap(String, ['raw'], (name, _, values) =>
    expect(name, length(values[0]?.raw), LENGTH_MAX));
  const typed = getPrototypeOf(Int8Array.prototype);
  wrap(typed, ['copyWithin', 'fill', 'includes', 'indexOf', 'join', 'lastIndexOf', 'reverse', 'set', 'slice', 'sort',
    'toReversed', 'toSorted', 'with'],
    (name, self) => expect(name, length(self), LENGTH_MAX));

  // A search compares every place of the text with every place of what is looked for.
  wrap(String.prototype, ['includes', 'indexOf', 'lastIndexOf', 'replace', 'replaceAll', 'split'],
    (name, self, values) => {
      const wanted = values[0];
      if (typeof self === 'string' && typeof wanted === 'string') {
        expect(name, self.length * wanted.length, STEPS_MAX);
      }
    });

  // Without a function of the program a sort never looks at the time limit.
  const { sort, toSorted } = Array.prototype;
  const byText = (one, other) => {
    const a = `${one}`;
    const b = `${other}`;
    return a < b ? -1 : a > b ? 1 : 0;
  };
  hide(Array.prototype, 'sort', like(sort, {
    sort(by = byText) { return apply(sort, this, [by]); },
  }.sort));
  hide(Array.prototype, 'toSorted', like(toSorted, {
    toSorted(by = byText) { return apply(toSorted, this, [by]); },
  }.toSorted));
})
