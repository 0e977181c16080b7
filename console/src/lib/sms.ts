/**
 * How a text is cut up for a phone network. GSM-7 carries 160 characters alone and 153 in each part of a chain, UCS-2 70 and 67
 * (3GPP TS 23.038 and 23.040). The network chains such segments together again; the reader sees one message. Dragoman itself
 * sends at most 1,600 characters as one message and splits longer words into parts.
 */
const GSM_BASIC =
  "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
const GSM_EXTENDED = "^{}\\[~]|€\f";
const BASIC = new Set(GSM_BASIC);
const EXTENDED = new Set(GSM_EXTENDED);

export const PART_CHARACTERS = 1600;
/** What the desk takes: the characters of the contract, and the bytes of UTF-8 that Amazon Translate takes at once. */
export const LONGEST_TEXT = 5000;
export const MOST_BYTES = 10_000;

/** About how many characters have to go until the desk takes the text; 0 when it does. */
export function excess(text: string): number {
  const characters = [...text].length;
  const bytes = new TextEncoder().encode(text).length;
  const perCharacter = characters ? bytes / characters : 1;
  return Math.max(0, characters - LONGEST_TEXT, Math.ceil((bytes - MOST_BYTES) / perCharacter));
}

export interface SmsSize {
  encoding: "GSM-7" | "UCS-2";
  /** Characters as a person counts them. */
  characters: number;
  segments: number;
  /** How many messages of at most 1,600 characters it takes at least. */
  parts: number;
}

/** The size of a text as it stands, before any translation. */
export function smsSize(text: string): SmsSize {
  const points = [...text];
  const gsm = points.every((point) => BASIC.has(point) || EXTENDED.has(point));
  const segments = gsm ? gsmSegments(points) : ucs2Segments(points);
  return {
    encoding: gsm ? "GSM-7" : "UCS-2",
    characters: points.length,
    segments,
    parts: Math.ceil(points.length / PART_CHARACTERS),
  };
}

const gsmSegments = (points: string[]): number =>
  pack(
    points.map((point) => (EXTENDED.has(point) ? 2 : 1)),
    160,
    153,
  );

const ucs2Segments = (points: string[]): number =>
  pack(
    points.map((point) => point.length),
    70,
    67,
  );

/** Fills segments with characters of the given widths; none is cut in two. */
function pack(widths: number[], alone: number, chained: number): number {
  const total = widths.reduce((sum, width) => sum + width, 0);
  if (total <= alone) return total === 0 ? 0 : 1;
  let [segments, used] = [1, 0];
  for (const width of widths) {
    if (used + width > chained) [segments, used] = [segments + 1, 0];
    used += width;
  }
  return segments;
}
