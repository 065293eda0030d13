import { LianyunError } from '@lianyun/protocol';
import type { ResourceUpdate } from './resource-version.ts';

/** A version of a resource that somebody works at: the handler that it was given to, or a download of it. */
export class UpdateUnderWay {
  readonly update: ResourceUpdate;
  /** The newest URL that has come since. */
  freshUrl: string | undefined;
  /** How many work at it. */
  users = 0;
  /** Its end was told. */
  isOver = false;
  /** Told when a fresh URL has come. */
  onFresh: (() => void) | undefined;
  readonly #controller = new AbortController();

  constructor(update: ResourceUpdate) {
    this.update = update;
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  isSame({ name, version }: ResourceUpdate): boolean {
    return name === this.update.name && version === this.update.version;
  }

  end(why: string): void {
    this.#controller.abort(new LianyunError('aborted', why));
  }
}

/** The updates of resources that go on, one for a name. */
export class UpdatesUnderWay {
  readonly #byName = new Map<string, UpdateUnderWay>();

  /** The cloud wants what it wanted before: whoever works at it has the fresh URL. False when nobody does. */
  refresh(update: ResourceUpdate): boolean {
    const known = this.#byName.get(update.name);
    if (known?.isSame(update) !== true || known.isOver) return false;
    if (known.update.md5 !== update.md5) {
      this.end(update.name, `The update of the resource ${JSON.stringify(update.name)} ends: the cloud has other bytes for its version now.`);
      return false;
    }
    known.freshUrl = update.url;
    known.onFresh?.();
    return true;
  }

  /** Begins to work at an update; what goes on for another version of it ends. */
  enter(update: ResourceUpdate): UpdateUnderWay {
    let current = this.#byName.get(update.name);
    if (current?.isSame(update) !== true || current.isOver) {
      current?.end(`The update of the resource ${JSON.stringify(update.name)} ends: the version ${JSON.stringify(update.version ?? '')} takes its place.`);
      current = new UpdateUnderWay(update);
      this.#byName.set(update.name, current);
    }
    current.users++;
    return current;
  }

  leave(current: UpdateUnderWay): void {
    if (--current.users === 0 && this.#byName.get(current.update.name) === current) this.#byName.delete(current.update.name);
  }

  /** Ends what goes on for a name. */
  end(name: string, why: string): void {
    this.#byName.get(name)?.end(why);
    this.#byName.delete(name);
  }
}
