import type { Frame } from './codec.ts';
import type { AnyDialect } from './dialect.ts';
import type { ErrorCode, LianyunError } from './errors.ts';
import { huawei } from './huawei/index.ts';
import type { Link, SendOptions } from './link.ts';
import { Peer } from './peer.ts';
import { PendingReceipt } from './receipt.ts';
import { tencent } from './tencent/index.ts';
import type { FakeClock } from './testing/fake-clock.ts';
import type { DeviceRef } from './vocabulary.ts';

interface Sent {
  readonly via: DeviceRef;
  readonly frame: Frame;
  readonly options: SendOptions;
  readonly receipt: PendingReceipt;
}

/** One end: a peer over a link that only writes down what it is given. */
export class End {
  readonly sent: Sent[] = [];
  readonly settled: { readonly key: string; readonly error: LianyunError | undefined }[] = [];
  readonly problems: LianyunError[] = [];
  readonly peer: Peer;
  /** The keys that the link says it waits for. */
  readonly settles = new Set<string>();
  /** What the next sends fail with. */
  broken: LianyunError | undefined;

  constructor(role: 'device' | 'platform', dialect: AnyDialect, clock: FakeClock) {
    const link: Link = {
      send: (via, frame, options) => {
        const receipt = new PendingReceipt();
        if (this.broken === undefined) this.sent.push({ via, frame, options, receipt });
        else receipt.fail(this.broken);
        return receipt;
      },
      settle: (_, key, error) => {
        if (!this.settles.delete(key)) return false;
        this.settled.push({ key, error });
        return true;
      },
    };
    this.peer = new Peer({ role, dialect, link, clock, onProblem: (problem) => this.problems.push(problem) });
  }

  get codes(): ErrorCode[] {
    return this.problems.map(({ code }) => code);
  }

  take(): Sent {
    const sent = this.sent.shift();
    if (sent === undefined) throw new Error('nothing was sent');
    return sent;
  }

  /** Puts what was sent last, or `sent`, into the other end. */
  passTo(other: End, sent = this.take()): void | Promise<void> {
    return other.peer.receive(sent.frame.topic, sent.frame.payload, sent.via);
  }
}

/** Lets promises that are settled already be heard. */
export const settled = async (): Promise<void> => {
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
};

/** A device of each cloud. */
export const cases = [
  { name: 'huawei', dialect: huawei, device: 'p_d1', service: { service: 'light' } },
  { name: 'tencent', dialect: tencent, device: 'ABCDE12345/d1', service: {} },
] as const;
