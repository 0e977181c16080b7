export interface Piece {
  text: string;
  /** An address a browser may open, when the piece is one. */
  href?: string;
}

const ADDRESS = /\bhttps?:\/\/[^\s<>"'`{}|\\^]+/giu;
const TRAILING = /[).,;:!?\]»”’]+$/u;

/** Cuts a text at the web addresses in it. Only http and https are ever addresses; everything else stays text. */
export function pieces(text: string): Piece[] {
  const found: Piece[] = [];
  let end = 0;
  for (const match of text.matchAll(ADDRESS)) {
    const address = match[0].replace(TRAILING, "");
    if (!isWebAddress(address)) continue;
    if (match.index > end) found.push({ text: text.slice(end, match.index) });
    found.push({ text: address, href: address });
    end = match.index + address.length;
  }
  if (end < text.length) found.push({ text: text.slice(end) });
  return found;
}

function isWebAddress(address: string): boolean {
  if (!URL.canParse(address)) return false;
  const { protocol, username, password } = new URL(address);
  return (protocol === "https:" || protocol === "http:") && !username && !password;
}
