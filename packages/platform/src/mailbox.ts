import { stringifyExact, type DeviceMessage, type DeviceRef, type ErrorCode, type JsonValue } from '@lianyun/protocol';
import type { Cloud } from './access/port.ts';
import { Recent } from './recent.ts';

/** What goes beside a message over MQTT 5; text, as everything that an application gives. */
export interface LetterProperties {
  readonly userProperties?: readonly (readonly [name: string, value: string])[];
  readonly responseTopic?: string;
  readonly correlationData?: string;
}

/** A message that an application gave for a device. */
export interface Letter {
  readonly id: string;
  readonly name?: string;
  /** As it was given. */
  readonly content: JsonValue;
  readonly format: 'standard' | 'raw';
  readonly encoding: 'none' | 'base64';
  /** A topic of the device's own; left out: the topic of messages. */
  readonly topic?: string;
  /** For MQTT 5 connections. */
  readonly properties?: LetterProperties;
  /** `pending`: kept until the device connects; `timeout`: it did not connect in time. */
  readonly status: 'pending' | 'delivered' | 'timeout' | 'failed';
  readonly failure?: { readonly code: ErrorCode; readonly text: string };
  readonly createdAt: number;
  readonly finishedAt?: number;
  /** Until when it may wait for the device. */
  readonly expiresAt: number;
}

/** A message that a device sent. */
export interface ReceivedLetter {
  readonly message: DeviceMessage;
  readonly at: number;
}

/** Messages from and for devices. */
export interface Mailbox {
  /** Takes in a message of a device. */
  receive(cloud: Cloud, device: DeviceRef, message: DeviceMessage, at: number): void;
  /** What a device sent, oldest first. */
  received(cloud: Cloud, device: DeviceRef): readonly ReceivedLetter[];
  /** Keeps a message for a device, or what has become of it. */
  put(cloud: Cloud, device: DeviceRef, letter: Letter): void;
  /** What was given for a device, oldest first. */
  letters(cloud: Cloud, device: DeviceRef): readonly Letter[];
  find(cloud: Cloud, device: DeviceRef, id: string): Letter | undefined;
  /** Takes a message for a device out. False when there is none with that id. */
  remove(cloud: Cloud, device: DeviceRef, id: string): boolean;
  /** Whether something may wait for a device; asked at every sign-in. */
  mayWait(cloud: Cloud, device: DeviceRef): boolean;
  delete(cloud: Cloud, device: DeviceRef): void;
}

/** What is kept of a device's messages; the oldest give way. */
export const RECEIVED_KEPT = { count: 100, bytes: 1024 * 1024 };
/** Messages kept for a device; those that wait for it do not give way. */
export const LETTERS_KEPT = 100;

/** About what a message takes, in bytes. */
export function sizeOf(message: DeviceMessage): number {
  return 'bytes' in message ? message.bytes.length : stringifyExact(message.content).length;
}

interface Box {
  readonly received: Recent<ReceivedLetter>;
  readonly letters: Map<string, Letter>;
}

/** Messages that live as long as the process. */
export class MemoryMailbox implements Mailbox {
  readonly #boxes = { huawei: new Map<DeviceRef, Box>(), tencent: new Map<DeviceRef, Box>() };
  readonly #waiting = { huawei: new Set<DeviceRef>(), tencent: new Set<DeviceRef>() };

  receive(cloud: Cloud, device: DeviceRef, message: DeviceMessage, at: number): void {
    const { received } = this.#open(cloud, device);
    received.push({ message, at }, sizeOf(message));
  }

  received(cloud: Cloud, device: DeviceRef): readonly ReceivedLetter[] {
    return this.#boxes[cloud].get(device)?.received.items() ?? [];
  }

  put(cloud: Cloud, device: DeviceRef, letter: Letter): void {
    const { letters } = this.#open(cloud, device);
    letters.set(letter.id, letter);
    if (letters.size > LETTERS_KEPT) {
      const settled = [...letters.values()].find(({ status }) => status !== 'pending');
      if (settled !== undefined) letters.delete(settled.id);
    }
    this.#noteWaiting(cloud, device, letters);
  }

  letters(cloud: Cloud, device: DeviceRef): readonly Letter[] {
    return [...(this.#boxes[cloud].get(device)?.letters.values() ?? [])];
  }

  find(cloud: Cloud, device: DeviceRef, id: string): Letter | undefined {
    return this.#boxes[cloud].get(device)?.letters.get(id);
  }

  remove(cloud: Cloud, device: DeviceRef, id: string): boolean {
    const letters = this.#boxes[cloud].get(device)?.letters;
    const isRemoved = letters?.delete(id) === true;
    if (letters !== undefined) this.#noteWaiting(cloud, device, letters);
    return isRemoved;
  }

  mayWait(cloud: Cloud, device: DeviceRef): boolean {
    return this.#waiting[cloud].has(device);
  }

  delete(cloud: Cloud, device: DeviceRef): void {
    this.#boxes[cloud].delete(device);
    this.#waiting[cloud].delete(device);
  }

  #noteWaiting(cloud: Cloud, device: DeviceRef, letters: Box['letters']): void {
    if ([...letters.values()].some(({ status }) => status === 'pending')) this.#waiting[cloud].add(device);
    else this.#waiting[cloud].delete(device);
  }

  #open(cloud: Cloud, device: DeviceRef): Box {
    const box = this.#boxes[cloud].get(device) ?? { received: new Recent<ReceivedLetter>(RECEIVED_KEPT), letters: new Map<string, Letter>() };
    this.#boxes[cloud].set(device, box);
    return box;
  }
}
