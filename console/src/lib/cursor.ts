/** A message's place in the order of all messages: `<createdAt>~<messageId>`. Times are ISO 8601 in UTC with milliseconds, so comparing text compares time. */
export type Cursor = string;

export const cursorOf = (createdAt: string, messageId: string): Cursor => `${createdAt}~${messageId}`;

export const timeOf = (cursor: Cursor): string => cursor.slice(0, cursor.indexOf("~") >>> 0);

export const compareCursors = (a: Cursor, b: Cursor): number => (a < b ? -1 : a > b ? 1 : 0);

/** The later of two; an absent one is the earliest of all. */
export const later = (a: Cursor | undefined, b: Cursor | undefined): Cursor | undefined =>
  a === undefined ? b : b === undefined || a >= b ? a : b;
