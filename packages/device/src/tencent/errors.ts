// The names that a program written against the vendor's SDK catches.

/** The device is not connected, or what has to be called first was not (reference 6). */
export class StateError extends Error {
  override readonly name = 'StateError';
}

/** An argument is wrong: a topic, a QoS, something empty. */
export class ValueError extends Error {
  override readonly name = 'ValueError';
}

/** A member is missing in a file or a message; the message names it. */
export class KeyError extends Error {
  override readonly name = 'KeyError';
}

/** What the hub answers where it answers no more. */
export const ErrorCode = { ERR_NONE: 0, ERR_TOPIC_NONE: -1000 } as const;
