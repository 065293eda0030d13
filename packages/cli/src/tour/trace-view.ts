import { styleText } from 'node:util';
import type { TracedFrame } from '@lianyun/platform';
import { stringifyExact } from 'lianyun';

const ARROW = { up: '↑', down: '↓' } as const;

/** Prints frames for people: one line each, decoded by its row. */
export class TraceView {
  readonly #write: (line: string) => void;
  readonly #colour: boolean;
  /** Frames seen, and those that no row could read. */
  seen = 0;
  unread = 0;

  constructor(write: (line: string) => void, colour: boolean) {
    this.#write = write;
    this.#colour = colour;
  }

  show(frame: TracedFrame): void {
    this.seen++;
    const { cloud, direction, topic, payload, messages, problems, isCustom } = frame;
    const time = new Date(frame.at).toISOString().slice(11, 23);
    const head = `${this.#paint('gray', time)} ${this.#paint(direction === 'up' ? 'green' : 'cyan', ARROW[direction])} ${cloud.padEnd(7)} q${frame.qos}`;
    for (const { op, message } of messages) {
      const id = message.id === undefined ? '' : this.#paint('gray', ` #${message.id}`);
      this.#write(`${head} ${this.#paint('bold', op.padEnd(20))} ${message.device}${id} ${cut(stringifyExact(message.body))}`);
    }
    for (const problem of problems) {
      this.unread++;
      this.#write(`${head} ${this.#paint('red', `! ${problem.code}`)} ${problem.message}`);
    }
    if (isCustom) this.#write(`${head} ${this.#paint('bold', 'custom topic'.padEnd(20))} ${topic} ${cut(payload)}`);
  }

  #paint(style: 'gray' | 'green' | 'cyan' | 'bold' | 'red', text: string): string {
    return this.#colour ? styleText(style, text, { validateStream: false }) : text;
  }
}

function cut(text: string): string {
  return text.length > 160 ? `${text.slice(0, 157)}…` : text;
}
