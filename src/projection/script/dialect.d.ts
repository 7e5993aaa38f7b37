/** The types of a projection. Made by `care-ledger projection types`; do not edit. */

/** RFC 3339 with offset. */
type Instant = string;

/** A date in Brussels, YYYY-MM-DD. Days between two: (Date.parse(b) - Date.parse(a)) / 86400000. */
type CivilDate = string;

/** A type of event. */
type EventType = keyof Payloads;

/** What the ledger knows of an event beside its payload. */
interface Metadata<T extends EventType> {
  readonly specversion: '1.0';
  readonly id: string;
  readonly source: string;
  readonly type: T;
  readonly subject: string;
  readonly time: Instant;
  readonly recordedtime: Instant;
  readonly position: number;
  readonly civil: { time: CivilDate; recordedtime: CivilDate; minute: number } & CivilDates[T];
  /** The correction that was applied last; only in the view `effective`. */
  readonly correctedby?: { source: string; id: string };
  readonly [attribute: string]: unknown;
}

/** An event as a handler is given it. */
interface CareEvent<T extends EventType = EventType> {
  readonly partition: string;
  readonly created: Instant;
  readonly bodyRaw: string;
  readonly metadataRaw: string;
  readonly streamId: string;
  readonly eventId: string;
  readonly eventType: T;
  readonly linkMetadataRaw: null;
  readonly isJson: true;
  readonly category: 'person' | 'facility' | 'project';
  readonly sequenceNumber: number;
  readonly data: Payloads[T];
  readonly body: Payloads[T];
  readonly metadata: Metadata<T>;
  readonly linkMetadata: null;
}

/** An event of any type: `eventType` tells which `data` it has. */
type AnyCareEvent = { [T in EventType]: CareEvent<T> }[EventType];

/** Changes the state, or returns the next one. */
type Handler<S, E> = (state: S, event: E) => S | void;

/** The handlers of a projection. `$any` stands last. */
type Handlers<S> = {
  $init?: () => S;
  $initShared?: () => unknown;
  $created?: (state: S, event: AnyCareEvent) => void;
  $deleted?: (state: S, event: null, partition: string, isSoft: boolean) => void;
  $any?: Handler<S, AnyCareEvent>;
} & { [T in EventType]?: Handler<S, CareEvent<T>> };

interface Results<S> {
  transformBy<R>(transform: (state: S) => R): Results<R>;
  filterBy(filter: (state: S) => boolean): Results<S>;
  outputState(): Results<S>;
  outputTo(stream: string, pattern?: string): void;
}

interface Partitioned {
  when<S>(handlers: Handlers<S>): Results<S>;
}

interface OfStreams extends Partitioned {
  partitionBy(partition: (event: AnyCareEvent) => unknown): Partitioned;
  outputState(): Results<unknown>;
}

interface OfCategories extends OfStreams {
  foreachStream(): Partitioned;
}

declare function fromAll(): OfCategories;
declare function fromStream(stream: string): OfStreams;
declare function fromStreams(...streams: string[]): OfStreams;
declare function fromStreams(streams: string[]): OfStreams;
declare function fromCategory(...categories: string[]): OfCategories;
declare function fromCategories(...categories: string[]): OfCategories;
declare function fromCategories(categories: string[]): OfCategories;
declare function on_event<T extends EventType>(type: T, handler: Handler<any, CareEvent<T>>): void;
declare function on_any(handler: Handler<any, AnyCareEvent>): void;
declare function options(values: {
  resultStreamName?: string;
  $includeLinks?: boolean;
  reorderEvents?: boolean;
  biState?: boolean;
  processingLag?: number;
}): void;
declare function log(...values: unknown[]): void;
declare function emit(stream: string, type: string, body: object, metadata?: object): void;
declare function linkTo(
  stream: string,
  event: { sequenceNumber: number; streamId: string },
  metadata?: object,
): void;
declare function linkStreamTo(stream: string, target: string, metadata?: object): void;
