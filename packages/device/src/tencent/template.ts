import { isJsonObject, LianyunError, readTencentTemplate, Replays, type JsonObject } from '@lianyun/protocol';
import { readObject } from './configuration.ts';
import { KeyError, ValueError } from './errors.ts';
import { Requests } from './requests.ts';
import { missing, objectIn, type Routes } from './routes.ts';
import { serialise } from './serialise.ts';
import { listsOf, type TemplateAction, type TemplateEvent, type TemplateProperty } from './template-lists.ts';
import { isNothing, keyOf, type Payload, type Result, type TopicCallback } from './words.ts';

/** What a device answers a control or an action with (reference 6.4). */
export class ReplyPara {
  /** Not used. */
  timeout_ms = 0;
  /** 0: done. */
  code = -1;
  /** Left out of a control's answer when there is none. */
  status_msg: string | null = null;
}

/** The callbacks of a device's data template; every one may be left out. */
export interface TemplateCallbacks {
  readonly property: TopicCallback | null | undefined;
  readonly action: TopicCallback | null | undefined;
  readonly event: TopicCallback | null | undefined;
  readonly service: TopicCallback | null | undefined;
}

type Kind = keyof TemplateCallbacks;

/** In the order in which they are subscribed. */
const KINDS = ['property', 'action', 'event', 'service'] as const;
const EVENT_QOS = 1;

/** The data template of one device, the gateway's own or a sub-device (reference 2 and 6.4). */
export class Template {
  readonly #routes: Routes;
  readonly #productId: string;
  readonly #name: string;
  #count = 0;
  /** The token of the latest control, or of the latest state that the cloud told. */
  #latest: string | null = null;
  readonly #controls = new Requests();
  /** Controls and actions that came before, each with its answer. */
  #replays: Replays | undefined;
  #connection = 0;
  #isSetUp = false;
  events: TemplateEvent[] = [];
  actions: TemplateAction[] = [];
  properties: TemplateProperty[] = [];

  constructor(routes: Routes, productId: string, deviceName: string) {
    this.#routes = routes;
    this.#productId = productId;
    this.#name = keyOf(productId, deviceName);
  }

  /** Subscribes the four topics of a template; what the last one answers. */
  init(callbacks: TemplateCallbacks): Result {
    this.#routes.line.online();
    let result: Result = [0, 0];
    for (const kind of KINDS) {
      const topic = this.#down(kind);
      const callback = callbacks[kind];
      this.#routes.on(topic, (payload, _, qos) => this.#receive(kind, { payload, topic, qos }, callback));
      result = this.#routes.line.subscribe([{ filter: topic, qos: 0 }]);
    }
    return result;
  }

  /** Reads a template file: 0, or 2 when it cannot be read; what is wrong becomes a problem that names the path. */
  setup(file: string): 0 | 2 {
    if (this.#isSetUp) return 0;
    try {
      const document = readObject(file, 'data template');
      for (const name of ['events', 'actions', 'properties']) if (!Object.hasOwn(document, name)) throw new KeyError(`'${name}' is missing in ${file}`);
      ({ events: this.events, actions: this.actions, properties: this.properties } = listsOf(readTencentTemplate(document)));
      this.#isSetUp = true;
      return 0;
    } catch (error) {
      this.#routes.line.problem(error instanceof Error ? error : new Error(String(error)));
      return 2;
    }
  }

  construct(params: unknown): { method: 'report'; clientToken: string; params: unknown } {
    if (isNothing(params)) throw new ValueError('There is nothing to report.');
    return { method: 'report', clientToken: this.#token(), params };
  }

  report(message: unknown): Result {
    if (isNothing(message)) throw new ValueError('There is no message to report.');
    return this.#send('property', message);
  }

  reportInfo(info: unknown): Result {
    if (isNothing(info)) throw new ValueError('There is no information to report.');
    return this.#send('property', { method: 'report_info', clientToken: this.#token(), params: info });
  }

  getStatus(): Result {
    return this.#send('property', { method: 'get_status', clientToken: this.#token() });
  }

  postEvents(message: unknown): Result {
    if (isNothing(message)) throw new ValueError('There is no event to post.');
    const clientToken = this.#token();
    const { events }: { readonly events?: unknown } = Object(message) as object;
    if (!Array.isArray(events)) throw new KeyError("'events' is missing: { events: [ … ] } is expected.");
    return this.#send('event', { method: events.length > 1 ? 'events_post' : 'event_post', clientToken, events }, EVENT_QOS);
  }

  /** Answers the control whose callback is running, else the oldest that waits, else the latest; or the one of the given token. */
  replyToControl({ code, status_msg: text }: ReplyPara, token: string | undefined): Result {
    this.#refresh();
    const answered = this.#controls.answer(token) ?? this.#latest;
    const status = withoutEnd(text);
    return this.#answer('control', answered, () => this.#send('property', { method: 'control_reply', code, clientToken: answered, ...(status === '' ? {} : { status }) }));
  }

  replyToAction(clientToken: string, response: unknown, { code, status_msg: text }: ReplyPara): Result {
    if (isNothing(clientToken)) throw new ValueError('clientToken is that of the action which is answered.');
    this.#refresh();
    return this.#answer('action', clientToken, () => this.#send('action', { method: 'action_reply', code, clientToken, status: withoutEnd(text), response: response ?? {} }));
  }

  clearControl(): Result {
    return this.#send('property', { method: 'clear_control', clientToken: this.#latest });
  }

  deinit(): Result {
    let result: Result = [0, 0];
    for (const kind of KINDS) {
      result = this.#routes.line.unsubscribe([this.#down(kind)]);
      this.#routes.off(this.#down(kind));
    }
    return result;
  }

  #receive(kind: Kind, { payload, topic, qos }: { readonly payload: Payload; readonly topic: string; readonly qos: number }, callback: TopicCallback | null | undefined): void {
    const { line } = this.#routes;
    const tell = (): void => {
      if (typeof callback === 'function') line.call(`${kind}Cb`, () => callback(topic, qos, payload, line.userdata));
    };
    // What is no JSON at all reaches the program as it is.
    if (typeof payload === 'string' || payload instanceof Uint8Array) return tell();
    this.#refresh();
    if (kind === 'property') this.#receiveProperty(payload, topic, tell);
    else if (kind !== 'action' || !isJsonObject(payload) || payload['method'] !== 'action' || this.#isNew('action', payload)) tell();
  }

  #receiveProperty(payload: Payload, topic: string, tell: () => void): void {
    const { line } = this.#routes;
    const message = objectIn(payload, topic, line);
    if (message === undefined) return;
    const { method, clientToken: token, code } = message;
    const isToken = typeof token === 'string' && token !== '';
    if (typeof method !== 'string') return void missing('method', topic, line);
    if (method === 'control') {
      if (!isToken) return void missing('clientToken', topic, line);
      this.#latest = token;
      if (this.#isNew('control', message)) this.#controls.run(token, tell);
      return;
    }
    const isReply = method.endsWith('_reply');
    if (isReply && typeof code !== 'number') return void missing('code', topic, line);
    if (method === 'get_status_reply' && code === 0 && isToken) this.#latest = token;
    if (isReply && code !== 0) line.problem(refusal(message, topic));
    tell();
  }

  /** Whether a request did not come before; one that did is answered again, if it was answered, and the program does not hear of it. */
  #isNew(what: 'control' | 'action', request: JsonObject): boolean {
    const { clientToken } = request;
    if (typeof clientToken !== 'string' || clientToken === '') return true;
    this.#replays ??= new Replays(this.#routes.line.clock);
    return this.#replays.isNew(`${what} ${clientToken}`, serialise(request));
  }

  /** Sends an answer, and keeps it for a request that comes again. */
  #answer(what: 'control' | 'action', token: string | null, send: () => Result): Result {
    const result = send();
    this.#replays?.answered(`${what} ${token ?? ''}`, send);
    return result;
  }

  /** What came on an earlier connection is answered no more, and comes again only if the cloud means it. */
  #refresh(): void {
    const { connections } = this.#routes.line;
    if (this.#connection === connections) return;
    this.#connection = connections;
    this.#controls.forget();
    this.#replays = undefined;
  }

  #token(): string {
    return `${this.#productId}-${this.#count++}`;
  }

  #send(kind: Kind, message: unknown, qos: 0 | 1 = 0): Result {
    return this.#routes.line.publish(`$thing/up/${kind}/${this.#name}`, message, qos);
  }

  #down(kind: Kind): string {
    return `$thing/down/${kind}/${this.#name}`;
  }
}

/** The vendor's samples end a text as C does. */
const withoutEnd = (text: string | null | undefined): string => (text ?? '').replace(/\0+$/, '');

function refusal({ method, code, status, clientToken }: JsonObject, topic: string): LianyunError {
  const [token, number, text, name] = [clientToken, code, status ?? 'no text', method].map((each) => serialise(each));
  return new LianyunError('refused', `The cloud refused ${token} with code ${number}: ${text} (${name}).`, { topic, number: Number(code) });
}
