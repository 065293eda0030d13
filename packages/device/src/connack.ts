import type { LianyunError } from '@lianyun/protocol';
import { reasonText, type ConnackPacket, type DisconnectPacket } from '@lianyun/protocol/mqtt';
import { skewText } from './cloud-time.ts';
import type { DisconnectReason, Ending } from './session-state.ts';

type Version = 3 | 4 | 5;

/** What a refusal, or a goodbye, of the server means. */
interface Meaning {
  readonly reason: DisconnectReason;
  /** Trying again as the same device cannot help. */
  readonly isFatal: boolean;
  readonly text: string;
}

const meaning = (reason: DisconnectReason, isFatal: boolean, text: string): Meaning => ({ reason, isFatal, text });

const WRONG_SECRET = meaning('bad-credentials', true, "the device id, the secret or this machine's clock is wrong");
const UNKNOWN = meaning('bad-credentials', true, 'the device is unknown, disabled or not allowed here');
const WRONG_ID = meaning('bad-credentials', true, 'the server does not accept the client id or the keepalive');
const UNAVAILABLE = meaning('server-shutdown', false, 'the server is not available');

/** CONNACK return codes of MQTT 3.1.1, section 3.2.2.3. */
const RETURN_CODES: Readonly<Record<number, Meaning>> = {
  1: meaning('network', true, 'the server does not speak MQTT 3.1.1'),
  2: WRONG_ID,
  3: UNAVAILABLE,
  4: WRONG_SECRET,
  5: UNKNOWN,
};

/** CONNACK reason codes of MQTT 5, section 3.2.2.2. */
const REASON_CODES: Readonly<Record<number, Meaning>> = {
  0x84: meaning('network', true, 'the server does not speak MQTT 5; leave mqttVersion out'),
  0x85: WRONG_ID,
  0x86: WRONG_SECRET,
  0x87: UNKNOWN,
  0x88: UNAVAILABLE,
  0x89: meaning('server-shutdown', false, 'the server is busy'),
  0x8a: meaning('bad-credentials', true, 'the server has banned this device'),
  0x8c: meaning('bad-credentials', true, 'the server wants another way to sign in'),
  0x97: meaning('quota', false, 'a quota of the server is used up'),
  0x9c: meaning('server-shutdown', false, 'another server is to be used'),
  0x9d: meaning('server-shutdown', false, 'the server has moved'),
  0x9f: meaning('quota', false, 'the device connects too often'),
};

/** DISCONNECT of an MQTT 5 server, section 3.14.2.1. */
const GOODBYES: Readonly<Record<number, DisconnectReason>> = {
  0x87: 'bad-credentials',
  0x89: 'server-shutdown',
  0x8b: 'server-shutdown',
  0x8d: 'keepalive',
  0x8e: 'kicked',
  0x93: 'quota',
  0x96: 'quota',
  0x97: 'quota',
  0x98: 'kicked',
  0x9c: 'server-shutdown',
  0x9d: 'server-shutdown',
  0x9f: 'quota',
  0xa0: 'server-shutdown',
};

/** Goodbyes that have to do with what the device sent: a message may be the cause. */
const OVER_MESSAGE: ReadonlySet<number> = new Set([0x80, 0x81, 0x82, 0x83, 0x90, 0x94, 0x95, 0x97, 0x99, 0x9a, 0x9b]);

/** What may be behind an answer to CONNECT that cannot be read: a server of MQTT 3.1.1 answers in its own form, which is no packet of MQTT 5. */
export function hintFor(version: Version, isConnected: boolean): string {
  return version === 5 && !isConnected ? '; if it does not speak MQTT 5, leave mqttVersion out' : '';
}

/** How far the clocks of device and server may be apart: both clouds take a sign-in for about an hour (Huawei 1.3, Tencent 1.2). */
const SIGN_IN_MS = 3_600_000;

/** The same of a sign-in that was not good at the server's time, if that is why: the clock may be set any moment, so the device goes on trying. */
function atTheirTime(known: Meaning, aheadMs: number): Meaning {
  if (known !== WRONG_SECRET || Math.abs(aheadMs) <= SIGN_IN_MS) return known;
  return meaning('clock-skew', false, `${skewText(aheadMs)}, and a sign-in is good for an hour`);
}

/** What a CONNACK that refuses says. `aheadMs`: what the server's clock is ahead of this machine's, as far as it is known. */
export function refusalOf({ reasonCode, properties }: ConnackPacket, version: Version, aheadMs: number): Meaning & { readonly name: string } {
  const { reasonString, serverReference } = properties ?? {};
  const code = (version === 5 ? REASON_CODES : RETURN_CODES)[reasonCode] ?? meaning('network', false, version === 5 ? 'the server refuses' : 'a code that MQTT 3.1.1 does not define');
  const known = atTheirTime(code, aheadMs);
  const told = [reasonString, serverReference].filter((each) => each !== undefined);
  return { ...known, name: version === 5 ? reasonText(reasonCode) : String(reasonCode), text: told.length === 0 ? known.text : `${known.text} (${told.join('; ')})` };
}

/** What the DISCONNECT of a server says; `error` makes the error of it. */
export function goodbyeOf({ reasonCode, properties }: DisconnectPacket, error: (reason: DisconnectReason, text: string) => LianyunError): Ending {
  const { reasonString, serverReference } = properties ?? {};
  const reason = GOODBYES[reasonCode] ?? 'network';
  const told = [reasonText(reasonCode), reasonString, serverReference].filter((each) => each !== undefined);
  return { reason, error: error(reason, told.join('; ')), isFatal: false, byServer: OVER_MESSAGE.has(reasonCode) };
}
