import type * as v from 'valibot';
import { once } from './once.ts';
import type { Envelope, Part } from './envelope.ts';
import type { SignIn, SignInContext } from './sign-in.ts';
import { parseTemplate, type AnySlots, type Slots, type Template } from './topic.ts';
import type { ChildDraft, DeviceRef, Message, Op, OtaOffer, OtaProgress, PropertyGroup, UpgradeStep } from './vocabulary.ts';

/** The tag of a row that takes what no other row of its topic takes. */
export const ANY_TAG = '*';

/** A wire schema: what a part's body looks like. */
export type WireSchema = v.GenericSchema;

/** What a row is written as. `T` is the topic template, `S` the wire schema; both check the mapping functions at compile time. */
export interface RowInit<K extends Op, T extends string, S extends WireSchema> {
  /** `up`: device to cloud. `down`: cloud to device. */
  readonly direction: 'up' | 'down';
  readonly topic: T;
  /** The clause of the protocol reference (docs/protocol) that describes the message. */
  readonly clause: string;
  /** How a JSON document carries the message; left out: the document is the body. */
  readonly envelope?: Envelope;
  /** Tells messages on one topic apart; {@link ANY_TAG} takes every message that no other row of the topic does. Of several, `encode` names one or the first is written. */
  readonly tag?: string | readonly string[];
  readonly qos: 0 | 1;
  /** The operation whose arrival settles an uplink; left out: PUBACK at QoS 1, the write at QoS 0. */
  readonly settledBy?: Op;
  /** `live`: worthless after a disconnect, fails at once when there is no connection. Left out: kept until it is settled. */
  readonly hold?: 'live';
  /** The device subscribes when the operation is first used, also where the platform subscribes the rest by itself. Left out: at connect, by either. */
  readonly subscribe?: 'on-use';
  /** `?name=value&…` may be glued to an uplink's topic: it is not part of its name, `encoding` says how the payload is packed. */
  readonly glued?: true;
  /** A gateway may publish to a sub-device's own topic. */
  readonly openToGateways?: true;
  /** What an answer and its request have in common; left out: the dialect's `correlation`, and a request without an id is not answered. */
  key?(message: Message<K>): string;
  /** Made when the first such message is read. */
  wire(): S;
  /** Vocabulary to wire: pure, strict. */
  encode(message: Message<K>): Encoded<Slots<T>, v.InferOutput<S>>;
  /** Wire to vocabulary: pure, total over what the schema lets through. `via` is filled in by the connection when left out. */
  decode(frame: { slots: Slots<T>; part: Part; body: v.InferOutput<S> }): Decoded<K>;
}

/** What a row writes: the topic's slots, the body, and what the envelope carries beside it. `tag` for a row with several or any. */
export interface Encoded<S, B> extends Pick<Part, 'device' | 'time' | 'tag'> {
  /** Instead of the message's own id; undefined writes none. */
  readonly id?: string | undefined;
  /** Instead of the row's own, where it depends on the message. */
  readonly qos?: 0 | 1;
  readonly slots: S;
  readonly body: B;
}

/** What a row reads from a frame: a message whose `via` is still unknown. `id` left out: that of the envelope; undefined: none. */
export type Decoded<K extends Op = Op> = Pick<Message<K>, 'device' | 'body'> & { id?: string | undefined; at?: number | undefined };

/** One message of a dialect. Made by {@link row}. */
export interface Row<K extends Op = Op> extends Omit<RowInit<K, string, WireSchema>, 'encode' | 'decode' | 'key'> {
  readonly template: Template;
  key?(message: Message<K>): string;
  encode(message: Message<K>): Encoded<AnySlots, unknown>;
  decode(frame: { slots: AnySlots; part: Part; body: unknown }): Decoded<K>;
}

/** Declares a row: `row<'command.invoke'>()({ … })`. Two steps, so that the operation is named and the rest inferred. */
export const row =
  <K extends Op>() =>
  <const T extends string, S extends WireSchema>(init: RowInit<K, T, S>): Row<K> => {
    const template = parseTemplate(init.topic);
    // The mapping functions were checked against their own slots and body; from here on both are only known at run time.
    return { ...init, template, wire: once(init.wire) } as unknown as Row<K>;
  };

/** The rows of a dialect, keyed by operation. */
export type Rows = { readonly [K in Op]?: Row<K> };

/** A family of topics without a row: free text between devices and the application. */
export interface CustomTopic {
  readonly template: Template;
  readonly access: 'publish' | 'subscribe' | 'both';
}

/** A limit that a cloud documents, with the date of the page it was read on. */
export interface Limits {
  /** When the vendor's pages were read (yyyy-mm-dd). */
  readonly asOf: string;
  /** Largest PUBLISH payload, bytes. */
  readonly payloadBytes: number;
  /** Keepalive the cloud takes, seconds, inclusive. */
  readonly keepaliveSeconds: { readonly min: number; readonly max: number; readonly default: number };
  /** Least time between two connects of one device, ms, asked for by the vendor's own hosts. */
  readonly connectIntervalMs: number;
  /** How long the cloud waits for the answer to a request, ms. */
  readonly answerMs: number;
  readonly clientIdBytes: number;
}

/** A sub-device's signature, for a cloud where a gateway binds devices that exist already. */
export interface ChildSigning {
  /** Signs for a sub-device with its own secret. Throws `bad-input`. */
  sign(child: { readonly device: DeviceRef; readonly secret: string; readonly method?: 'hmacsha1' | 'hmacsha256' }, context: SignInContext): SignedChild;
  /** Why a signature does not hold; undefined when it does. Compares in constant time. */
  verify(draft: SignedChild, secret: string, nowMs: number): 'unknown-method' | 'bad-signature' | 'expired' | undefined;
}

type SignedChild = Extract<ChildDraft, { signature: string }>;

/** What a cloud says about gateways and their sub-devices beside the messages. */
export interface ChildRules {
  /** Sub-devices that one message may name. */
  readonly batch: { readonly add: number; readonly remove: number; readonly status: number; readonly report: number };
  /** Whether they have topics of their own on their gateway's connection; else messages name them. */
  readonly haveTopics: boolean;
  /** How long the cloud may take to answer a gateway, ms. */
  readonly answerMs: number;
  /** Left out: the gateway's own sign-in is enough. */
  readonly signing?: ChildSigning;
  /** What a result's number means, where the cloud sends no text. */
  textOf?(code: number): string | undefined;
}

/** What a cloud says about upgrades beside the messages. */
export interface OtaRules {
  /** What can be upgraded. */
  readonly kinds: readonly OtaOffer['kind'][];
  /** Longest version, characters. */
  readonly versionChars: number;
  /** Least time between two reports of a download that goes on, ms. */
  readonly stepMs: number;
  /** Whether a device that tells its old version again is offered an unfinished upgrade again, with a fresh URL. */
  readonly offersAgain: boolean;
  /** A step as the cloud wants it told. `running` is the version that runs before it, undefined when the device never told one. */
  progressOf(step: UpgradeStep, versions: { readonly running: string | undefined; readonly target: string }): OtaProgress;
}

/** What a cloud says about rules that its devices run themselves, beside the messages. */
export interface RuleRules {
  /** The service whose properties are versions of rules. */
  readonly service: string;
  /** The versions that groups of properties tell, -1 for a rule that is no more, and the other groups. Undefined when they tell none. */
  readVersions(groups: readonly PropertyGroup[]): { readonly versions: ReadonlyMap<string, number> | undefined; readonly rest: readonly PropertyGroup[] };
  /** Versions as a group of properties. */
  writeVersions(versions: ReadonlyMap<string, number>): PropertyGroup;
}

/** A cloud's device protocol as a value. */
export interface Dialect<R extends Rows = Rows, I extends object = object> {
  readonly name: 'huawei' | 'tencent';
  readonly rows: R;
  readonly signIn: SignIn<I>;
  /** `implicit`: the platform subscribes the device to its system topics at connect. `explicit`: the device sends SUBSCRIBE. */
  readonly subscribe: 'implicit' | 'explicit';
  readonly customTopics: readonly CustomTopic[];
  /** Where the topics are that a product may declare; whether it has, its cloud knows. */
  readonly declaredTopics?: readonly Template[];
  /** Downlink topics that the cloud documents and no row describes: vendors' SDKs subscribe them at their start, nothing comes there. */
  readonly silentTopics?: readonly Template[];
  /** What a message without a model carries: any bytes and content with a name and an id, or bytes alone. */
  readonly messages: 'content' | 'bytes';
  /** What the cloud calls a log of the connection itself; left out: it takes no logs. */
  readonly statusLog?: string;
  readonly limits: Limits;
  readonly children: ChildRules;
  readonly ota: OtaRules;
  /** Left out: its devices run no rules. */
  readonly rules?: RuleRules;
  /** The vendor's own hosts: only there its connect interval is kept by default. */
  isVendorHost(host: string): boolean;
  /** The slots that name a device in a topic. */
  deviceSlots(device: DeviceRef): AnySlots;
  /** What an answer and its request have in common. Unique for the requests in flight on one platform. */
  correlation(message: Message): string;
}

/** Any dialect, whatever its rows and identity. */
// The identity is only ever taken in, never given out: `never` lets every dialect in.
export type AnyDialect = Dialect<Rows, never>;

/** The operations that a dialect has. */
export type OpsOf<D extends AnyDialect> = Extract<keyof D['rows'], Op>;
/** The identity that a dialect signs in with. */
export type IdentityOf<D extends AnyDialect> = D extends Dialect<Rows, infer I> ? I : never;
