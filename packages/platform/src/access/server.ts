import type { Server } from 'node:http';
import { failedReceipt, LianyunError, systemClock, type Clock, type DeviceRef, type Frame, type Receipt } from '@lianyun/protocol';
import type { ConnectionHost } from './connection-host.ts';
import { Connection } from './connection.ts';
import { Deadlines } from './deadlines.ts';
import { DEFAULT_LIMITS, type AccessLimits } from './limits.ts';
import type { AccessPolicy, AccessPort, Client, Cloud, OfflineReason, Uplink } from './port.ts';
import { routeTo, RoutingIndex } from './routing-index.ts';
import type { SubscriptionOwner } from './subscriptions.ts';
import { TakenTogether } from './taken-together.ts';
import { WriteTurn } from './write-turn.ts';
import { acceptUpgrades } from './web-socket.ts';
import { openListener, type Acceptor, type Listener } from './tcp.ts';
import type { Origin, Transport } from './transport.ts';
import type { ServerTls } from '../tls/server-tls.ts';

export interface AccessServerOptions {
  readonly policy: AccessPolicy;
  readonly clock?: Clock;
  readonly limits?: Partial<AccessLimits>;
}

/** Makes the MQTT access server of both clouds. Nothing is open until {@link AccessPort.listen}. */
export function createAccessServer(options: AccessServerOptions): AccessPort {
  return new AccessServer(options);
}

class AccessServer implements AccessPort, ConnectionHost<Connection>, Acceptor {
  readonly policy: AccessPolicy;
  readonly limits: AccessLimits;
  readonly deadlines: Deadlines;
  readonly writes = new WriteTurn();
  readonly takenTogether = new TakenTogether();
  readonly routes = { huawei: new RoutingIndex<SubscriptionOwner>(), tencent: new RoutingIndex<SubscriptionOwner>() };
  readonly #clock: Clock;
  readonly #listeners: Listener[] = [];
  /** Every open connection, signed in or not. */
  readonly #open = new Set<Connection>();
  readonly #online = { huawei: new Map<DeviceRef, Connection>(), tencent: new Map<DeviceRef, Connection>() };
  #closing: Promise<void> | undefined;
  /** Tells {@link close} that the last connection is gone. */
  #onEmpty: (() => void) | undefined;

  constructor({ policy, clock = systemClock, limits }: AccessServerOptions) {
    this.policy = policy;
    this.limits = { ...DEFAULT_LIMITS, ...limits };
    this.deadlines = new Deadlines(clock);
    this.#clock = clock;
  }

  // AccessPort

  async listen(address: { readonly host: string; readonly port: number; readonly tls?: ServerTls }): Promise<number> {
    if (this.#closing !== undefined) throw new LianyunError('closed', 'The access server has been closed; make another one.');
    const listener = await openListener(address, { acceptor: this, handshakeMs: this.limits.connectMs });
    this.#listeners.push(listener);
    if (this.#closing !== undefined) await listener.close();
    return listener.port;
  }

  serve(server: Server, tls?: ServerTls): void {
    acceptUpgrades(server, { acceptor: this, maxBytes: this.limits.messageBytes, tls, now: () => this.now() });
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    // Nobody new gets in from here on; what was accepted ends below.
    const listeners = this.#listeners.map((listener) => listener.close());
    for (const connection of this.#open) connection.end('server-shutdown');
    if (this.#open.size > 0) {
      await new Promise<void>((resolve) => {
        this.#onEmpty = resolve;
      });
    }
    await Promise.all(listeners);
    this.deadlines.close();
  }

  isOnline(cloud: Cloud, device: DeviceRef): boolean {
    const client = this.client(cloud, device);
    return client !== undefined && client.scope === undefined;
  }

  client(cloud: Cloud, device: DeviceRef): Client | undefined {
    return this.#online[cloud].get(device)?.client;
  }

  localAddress(cloud: Cloud, device: DeviceRef): string | undefined {
    return this.#online[cloud].get(device)?.localAddress;
  }

  deliver(cloud: Cloud, device: DeviceRef, frame: Frame): Receipt {
    const connection = this.#online[cloud].get(device);
    if (connection !== undefined) return connection.deliver(frame);
    return failedReceipt(new LianyunError('offline', `${device} is not connected.`, { device, topic: frame.topic }));
  }

  publish(cloud: Cloud, frame: Uplink): void {
    routeTo(this.routes[cloud], frame);
  }

  online(cloud: Cloud): Iterable<DeviceRef> {
    return this.#online[cloud].keys();
  }

  kick(cloud: Cloud, device: DeviceRef, reason: string): void {
    const connection = this.#online[cloud].get(device);
    if (connection === undefined) return;
    connection.notice('kicked', `The connection of ${device} is ended: ${reason}`);
    connection.end('kicked');
  }

  get connections(): number {
    return this.#online.huawei.size + this.#online.tencent.size;
  }

  // ConnectionHost

  now(): number {
    return this.#clock.now();
  }

  onSignIn(connection: Connection, client: Client): void {
    const online = this.#online[client.cloud];
    online.get(client.device)?.end('taken-over');
    online.set(client.device, connection);
    this.policy.onOnline(client);
  }

  onSignOut(connection: Connection, client: Client, reason: OfflineReason): void {
    this.#online[client.cloud].delete(client.device);
    try {
      this.policy.onOffline(client, reason);
    } catch (error) {
      connection.notice('server-fault', `The policy failed when ${client.device} went offline: ${String(error)}`);
    }
  }

  onClosed(connection: Connection): void {
    this.#open.delete(connection);
    if (this.#open.size === 0) this.#onEmpty?.();
  }

  // Acceptor

  accept(transport: Transport, origin: Origin): Connection | undefined {
    if (this.#closing !== undefined) return undefined;
    const connection = new Connection(transport, origin, this);
    this.#open.add(connection);
    return connection;
  }

  listenerFault(error: Error): void {
    this.policy.onNotice({ kind: 'server-fault', peer: 'listener', text: `The MQTT listener failed: ${error.message}` });
  }

  handshakeFailed(peer: string, text: string): void {
    this.policy.onNotice({ kind: 'handshake-failed', peer, text });
  }
}
