// Index reads are cast: every index here is bounded by the loop that makes it, and a check per byte would cost a third of the parse time.

/** Node's Buffer has these direct siblings of toString and write; its type declarations leave them out. */
interface SlicingBuffer extends Buffer {
  latin1Slice(start: number, end: number): string;
  utf8Slice(start: number, end: number): string;
  latin1Write(text: string, offset: number, length: number): number;
  utf8Write(text: string, offset: number, length: number): number;
}

/** A cheap `toString('latin1')`, exact for bytes known to be ASCII. */
export function sliceAscii(buffer: Buffer, at: number, end: number): string {
  return (buffer as SlicingBuffer).latin1Slice(at, end);
}

/** A cheap `toString('utf8')`; the bytes are known to be well-formed, and U+FEFF stays where it is [MQTT-1.5.4-3]. */
export function sliceUtf8(buffer: Buffer, at: number, end: number): string {
  return (buffer as SlicingBuffer).utf8Slice(at, end);
}

/** Writes `text`, whose UTF-8 form is known to take `bytes` bytes and to fit; returns the offset behind it. */
export function putText(buffer: Buffer, at: number, text: string, bytes: number): number {
  if (bytes === text.length) (buffer as SlicingBuffer).latin1Write(text, at, bytes);
  else (buffer as SlicingBuffer).utf8Write(text, at, bytes);
  return at + bytes;
}

/** What is in a string: `ascii` and `unicode` are clean, the others break a rule of section 1.5.4 (1.5.3 in 3.1.1). */
export type TextVerdict = 'ascii' | 'unicode' | 'nul' | 'characters' | 'utf8';

/** U+0001..1F, U+007F..9F and the 66 non-characters: section 1.5.4 lets a receiver refuse them, and so does this codec. */
function isForbidden(code: number): boolean {
  return code < 0x20 || (code >= 0x7f && code <= 0x9f) || (code >= 0xfdd0 && code <= 0xfdef) || (code & 0xfffe) === 0xfffe;
}

/** Judges the bytes of a UTF-8 string in one pass. */
export function judgeBytes(buffer: Uint8Array, at: number, end: number): TextVerdict {
  let i = at;
  while (i < end) {
    const byte = buffer[i] as number;
    if (byte >= 0x80) return judgeUnicode(buffer, i, end);
    if (byte < 0x20 || byte === 0x7f) return byte === 0 ? 'nul' : 'characters';
    i++;
  }
  return 'ascii';
}

/** RFC 3629, table of section 4: the second byte's range depends on the first, so that overlong forms and surrogates have none. */
function judgeUnicode(buffer: Uint8Array, at: number, end: number): TextVerdict {
  let i = at;
  while (i < end) {
    const byte = buffer[i++] as number;
    if (byte < 0x80) {
      if (isForbidden(byte)) return byte === 0 ? 'nul' : 'characters';
      continue;
    }
    const more = byte >= 0xc2 && byte <= 0xdf ? 1 : (byte & 0xf0) === 0xe0 ? 2 : byte >= 0xf0 && byte <= 0xf4 ? 3 : 0;
    if (more === 0 || end - i < more) return 'utf8';
    const second = buffer[i] as number;
    const low = byte === 0xe0 ? 0xa0 : byte === 0xf0 ? 0x90 : 0x80;
    const high = byte === 0xed ? 0x9f : byte === 0xf4 ? 0x8f : 0xbf;
    if (second < low || second > high) return 'utf8';
    let code = byte & (0x3f >> more);
    for (let k = 0; k < more; k++) {
      const next = buffer[i++] as number;
      if ((next & 0xc0) !== 0x80) return 'utf8';
      code = (code << 6) | (next & 0x3f);
    }
    if (isForbidden(code)) return 'characters';
  }
  return 'unicode';
}

/** Judges a string that is about to be written: like {@link judgeBytes}, where `utf8` means a surrogate without its partner. */
export function judgeText(text: string): TextVerdict {
  let isAscii = true;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit >= 0x20 && unit < 0x7f) continue;
    if (unit === 0) return 'nul';
    isAscii = isAscii && unit < 0x80;
    const code = text.codePointAt(i) ?? 0;
    if (code >= 0xd800 && code <= 0xdfff) return 'utf8';
    if (isForbidden(code)) return 'characters';
    if (code > 0xffff) i++;
  }
  return isAscii ? 'ascii' : 'unicode';
}
