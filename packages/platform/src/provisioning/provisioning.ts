import { randomUUID, X509Certificate } from 'node:crypto';
import { derivedSecret, huawei, isLianyunError, LianyunError, type Clock, type DeviceRef, type Peer, type Vocabulary } from '@lianyun/protocol';
import type { AccessPort, Admission, Client, ConnectRequest } from '../access/port.ts';
import type { Device } from '../records.ts';
import { demand } from '../registry-rules.ts';
import type { Registry } from '../registry.ts';
import type { Records } from '../storage/records.ts';
import type { Storage } from '../storage/storage.ts';
import { ADDRESS, GROUP_SECRET, SCOPE_ID } from './provisioning-rules.ts';
import { GROUPS, POLICIES, type ProvisioningGroup, type ProvisioningPolicy } from './provisioning-records.ts';

/** A device that asks where to connect. */
export interface ProvisioningRequest {
  readonly device: Device;
  /** The registration group that it came through. */
  readonly scopeId: string | undefined;
  /** The keyword that it reported, and what else it sent. */
  readonly keyword: string | undefined;
  readonly text: string | undefined;
}

/** Where a device is to connect. */
export interface ProvisioningAnswer {
  /** `host:port`; left out: this platform, as the device reached it. */
  readonly address?: string;
  /** The device's first configuration, JSON text. */
  readonly config?: string;
}

/** A policy of one's own (Huawei 6.1). Undefined: the static policies decide. What it throws is told to the device as 100417. */
export type PolicyFunction = (request: ProvisioningRequest) => ProvisioningAnswer | undefined | Promise<ProvisioningAnswer | undefined>;

interface ProvisioningOptions {
  readonly storage: Storage;
  readonly registry: Registry;
  readonly access: Pick<AccessPort, 'client'>;
  readonly peer: Pick<Peer, 'handle'>;
  readonly clock: Clock;
  /** Where a device reaches this platform's MQTT. */
  addressFor(client: Client): string | undefined;
  problem(problem: LianyunError): void;
}

type Answer = Vocabulary['provision.result'];
type Draft<T extends { readonly serial: number; readonly createdAt: number }> = Omit<T, 'serial' | 'createdAt'>;

/** The codes that are documented (Huawei 6.3). */
const NO_POLICY = '100414';
const FUNCTION_FAILED = '100417';
const MAX_RECORDS = 1000;

/** Sends devices where they are to connect, and registers those of a group (Huawei 6). Without any policy every device is sent here. */
export class Provisioning {
  readonly #options: ProvisioningOptions;
  readonly #groups: Records<ProvisioningGroup>;
  readonly #policies: Records<ProvisioningPolicy>;
  #decide: PolicyFunction | undefined;

  constructor(options: ProvisioningOptions) {
    this.#options = options;
    this.#groups = options.storage.records(GROUPS);
    this.#policies = options.storage.records(POLICIES);
    options.peer.handle('provision.request', ({ device, body }) => this.#answer(device, body));
  }

  /** Adds a group, or replaces the one of the same scope. Fails with `bad-input`, `not-found` for an unknown product. */
  putGroup(group: Draft<ProvisioningGroup>): ProvisioningGroup {
    const { scopeId, productId, secret, authority } = group;
    demand(SCOPE_ID, 'scope id', scopeId);
    if (secret !== undefined) demand(GROUP_SECRET, `secret of the group ${scopeId}`, secret);
    if (secret !== undefined && authority !== undefined) throw new LianyunError('bad-input', `The group ${scopeId} has a secret and an authority: one of them is expected.`);
    if (authority !== undefined) readAuthority(authority);
    this.#options.registry.product('huawei', productId);
    return this.#keep(this.#groups, { scopeId }, group);
  }

  /** Newest first. */
  get groups(): readonly ProvisioningGroup[] {
    return this.#groups.page({}, { limit: MAX_RECORDS }).items;
  }

  /** Devices that it registered stay. False when there was none. */
  removeGroup(scopeId: string): boolean {
    return this.#groups.remove({ scopeId });
  }

  /** Adds a static policy, or replaces the one of the same id. Fails with `bad-input`. */
  putPolicy({ id = randomUUID(), ...policy }: Omit<Draft<ProvisioningPolicy>, 'id'> & { readonly id?: string }): ProvisioningPolicy {
    if (policy.authority !== undefined) readAuthority(policy.authority);
    if (policy.address !== undefined) demand(ADDRESS, 'address', policy.address);
    return this.#keep(this.#policies, { id }, { id, ...policy });
  }

  /** Newest first. */
  get policies(): readonly ProvisioningPolicy[] {
    return this.#policies.page({}, { limit: MAX_RECORDS }).items;
  }

  /** False when there was none. */
  removePolicy(id: string): boolean {
    return this.#policies.remove({ id });
  }

  /** Has a function asked before the static policies. Returns what takes it back. */
  usePolicy(decide: PolicyFunction): () => void {
    if (this.#decide !== undefined) throw new LianyunError('duplicate-handler', 'There is a policy function already: take that one back first.');
    this.#decide = decide;
    return () => {
      if (this.#decide === decide) this.#decide = undefined;
    };
  }

  /** Judges a device that signs in through a group: why not, or undefined (Huawei 6.2). */
  judge(request: ConnectRequest, scopeId: string, device: DeviceRef): Extract<Admission, { accepted: false }> | undefined {
    const refuse = (refusal: 'not-authorized' | 'bad-credentials', why: string) => ({ accepted: false, refusal, why }) as const;
    const group = this.#groups.get({ scopeId });
    if (group === undefined) return refuse('not-authorized', `${device} wants to register through the group ${scopeId}, which there is not`);
    const known = this.#options.registry.findDevice('huawei', device);
    if (known?.enabled === false) return refuse('not-authorized', `${device} is disabled`);
    if (group.secret !== undefined) {
      const fault = huawei.signIn.verify(request, group.secret, this.#options.clock.now());
      return fault === undefined ? undefined : refuse('bad-credentials', `the sign-in of ${device} with the secret of the group ${scopeId} is ${fault}`);
    }
    const { certificate } = request.proof;
    if (certificate === undefined) return refuse('bad-credentials', `the devices of the group ${scopeId} have certificates, and this connection brought none`);
    if (!(group.authority === undefined ? certificate.isOwn : isSignedBy(certificate.raw, group.authority))) return refuse('bad-credentials', `the certificate of ${device} is not signed by the authority of the group ${scopeId}`);
    const now = this.#options.clock.now();
    if (now < certificate.notBefore || now > certificate.notAfter) return refuse('bad-credentials', `the certificate of ${device} is not valid now`);
    return undefined;
  }

  /** Adds a record, or puts it in the place of the one of the same key. */
  #keep<T extends { readonly serial: number; readonly createdAt: number }>(records: Records<T>, key: Partial<T>, draft: Draft<T>): T {
    const { clock, storage } = this.#options;
    const { createdAt = clock.now(), serial = storage.registryStore.nextSerial() } = records.get(key) ?? {};
    const made = { ...draft, createdAt, serial } as T; // what the draft leaves out
    records.put(made);
    return made;
  }

  async #answer(id: DeviceRef, said: Vocabulary['provision.request']): Promise<Answer> {
    const { access, problem } = this.#options;
    const client = access.client('huawei', id);
    if (client === undefined) return refusal('the device is not connected');
    try {
      const registered = this.#registered(id, client);
      if ('error' in registered) return registered;
      const { device, secret } = registered;
      const request: ProvisioningRequest = { device, scopeId: client.scope, keyword: 'keyword' in said ? said.keyword : undefined, text: 'text' in said ? said.text : undefined };
      const decided = await this.#decided(request, client);
      if ('error' in decided) return decided;
      const { address = this.#options.addressFor(client), config } = decided;
      if (address === undefined) return refusal('this platform has no port for a device that comes this way');
      await this.#options.storage.stored();
      return { address, ...(secret === undefined ? {} : { secret }), ...(config === undefined ? {} : { config }) };
    } catch (error) {
      if (!isLianyunError(error)) throw error;
      problem(error);
      return refusal(error.message);
    }
  }

  /** The device, made if it comes through a group for the first time; and the secret that it is to have. */
  #registered(id: DeviceRef, { scope, proof }: Client): { readonly device: Device; readonly secret?: string } | Extract<Answer, { error: string }> {
    const { registry } = this.#options;
    const known = registry.findDevice('huawei', id);
    const group = scope === undefined ? undefined : this.#groups.get({ scopeId: scope });
    if (group === undefined) return known === undefined || scope !== undefined ? refusal(`there is no device ${id}`) : { device: known };
    const secret = group.secret === undefined ? undefined : derivedSecret(id, group.secret);
    const fingerprint = proof.certificate?.sha256;
    if (known === undefined) return { device: registry.createDevice(this.#draft(id, group, secret === undefined ? { authType: 'certificate', ...(fingerprint === undefined ? {} : { fingerprint }) } : { secret })), ...(secret === undefined ? {} : { secret }) };
    // Who has the secret of a group must not become a device that it did not register.
    const isItself = known.productId === group.productId && (secret === undefined ? known.authType === 'certificate' && [proof.certificate?.sha1, fingerprint].includes(known.fingerprint?.toLowerCase()) : known.authType === 'secret' && known.secret === secret);
    return isItself ? { device: known, ...(secret === undefined ? {} : { secret }) } : refusal(`${id} is registered already, and not by the group ${group.scopeId}`);
  }

  #draft(device: DeviceRef, { productId, deviceName }: ProvisioningGroup, credentials: Partial<Pick<Device, 'secret' | 'authType' | 'fingerprint'>>): Parameters<Registry['createDevice']>[0] {
    const nodeId = (device.startsWith(`${productId}_`) ? device.slice(productId.length + 1) : device).slice(-64);
    return { cloud: 'huawei', device, productId, nodeId, name: deviceName?.replaceAll('{device_id}', device) ?? device, ...credentials };
  }

  async #decided(request: ProvisioningRequest, client: Client): Promise<ProvisioningAnswer | Extract<Answer, { error: string }>> {
    try {
      const own = await this.#decide?.(request);
      if (own !== undefined) return own;
    } catch (cause) {
      this.#options.problem(new LianyunError('handler-failed', `The policy function failed for ${request.device.device}: ${cause instanceof Error ? cause.message : String(cause)}`, { device: request.device.device, cause }));
      return { error: FUNCTION_FAILED, text: 'the policy function failed' };
    }
    const all = this.policies.toReversed();
    if (all.length === 0) return {};
    return all.find((policy) => isFor(policy, request, client)) ?? refusal('no policy matches');
  }
}

const refusal = (text: string): { readonly error: string; readonly text: string } => ({ error: NO_POLICY, text });

function isFor({ keyword, source, authority }: ProvisioningPolicy, { device, keyword: reported = '' }: ProvisioningRequest, { proof }: Client): boolean {
  if (authority !== undefined && (proof.certificate === undefined || !isSignedBy(proof.certificate.raw, authority))) return false;
  return source === 'report' ? reported.includes(keyword) : device.name.includes(keyword) || device.device.includes(keyword);
}

function readAuthority(pem: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (cause) {
    throw new LianyunError('bad-input', 'The authority of a group or a policy cannot be read: a certificate in PEM form is expected.', { cause });
  }
}

function isSignedBy(raw: Uint8Array, authority: string): boolean {
  const [certificate, issuer] = [new X509Certificate(raw), readAuthority(authority)];
  return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}
