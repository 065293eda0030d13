// Each api of Tencent's transcripts, and the call of the face that it is.
import path from 'node:path';
import { ReplyPara, SessionState, type GatewaySubdev } from 'lianyun/tencent';
import type { JsonObject } from 'lianyun';
import type { Case } from '../transcript.ts';
import { dynregDevice, httpDevice } from './http-calls.ts';
import { OTA_CALLS } from './ota-calls.ts';
import { pairsIn } from './device.ts';
import { as, publishesOf, stateName, type Members, type Pair, type Scene } from './scene.ts';
import { isAside, listed, templateFile } from './templates.ts';

/** Plays a case. */
export type Call = (stage: Scene, recorded: Case) => unknown;

const isNamed = (call: Members, name: string): boolean => Object.hasOwn(call, name);

/** The device that a case is about: the one that its call names, else the one whose topics it shows. */
function pairOf({ own, child, options: { cases } }: Scene, recorded: Case): Pair {
  const { productId, deviceName } = recorded.call;
  const shown = pairsIn(recorded);
  if (productId === undefined && deviceName === undefined) return shown[0] ?? own;
  const product = productId === undefined ? own[0] : as<string>(productId);
  if (deviceName !== undefined) return [product, as<string>(deviceName)];
  const known = [...shown, own, ...cases.flatMap(pairsIn), child].find(([each]) => each === product);
  return [product, known?.[1] ?? child[1]];
}

/** A payload as the program had it. */
function payloadOf(recorded: Case): unknown {
  const { call } = recorded;
  const [publish] = publishesOf(recorded);
  if (!isNamed(call, 'payload')) return publish?.payload ?? { a: 1 };
  const { payload } = call;
  if (typeof payload === 'object' && payload !== null && '$bytes' in payload) return Buffer.from(String(payload.$bytes), 'latin1');
  // What JSON has no number for stands as text in the transcripts, and as it was sent beside it.
  return typeof payload === 'string' && publish?.payloadRaw === payload ? (JSON_NUMBER[payload] ?? payload) : payload;
}

const JSON_NUMBER: Readonly<Record<string, number>> = { NaN: Number.NaN, Infinity, '-Infinity': -Infinity };

const replyOf = ({ code, status_msg: text }: Members): ReplyPara => Object.assign(new ReplyPara(), code === undefined ? {} : { code }, text === undefined ? {} : { status_msg: text });

/** The sub-device of a gateway's call. */
function childOf({ child: [productId, deviceName] }: Scene, recorded: Case): string[] {
  const { args, sub_devName: name, sub_secret: secret } = recorded.call;
  if (Array.isArray(args)) return args as string[];
  const body = publishesOf(recorded)[0]?.payload as { payload?: { devices?: { product_id: string; device_name: string }[] } } | undefined;
  const [device = { product_id: productId, device_name: deviceName }] = body?.payload?.devices ?? [];
  return [device.product_id, typeof name === 'string' ? name : device.device_name, as(secret ?? 'c3ViLXNlY3JldA==')];
}

const subdev = (device: GatewaySubdev): Members => ({ $class: 'gateway_subdev', ...device, session_status: `Gateway.SessionState.${Object.entries(SessionState).find(([, value]) => value === device.session_status)?.[0] ?? ''}` });

/** The shadow document of a case, made by the call that made it. */
function shadowOf(stage: Scene, recorded: Case): unknown {
  if (isNamed(recorded.call, 'shadow_docs')) return recorded.call['shadow_docs'];
  const { state } = (publishesOf(recorded)[0]?.payload ?? {}) as { state?: { desired?: null; reported?: JsonObject } };
  if (state?.desired === null) return stage.explorer.shadowJsonConstructDesireAllNull(...stage.own);
  return stage.explorer.shadowJsonConstructReport(...stage.own, ...Object.entries(state?.reported ?? { x: 1 }).map(([key, data]) => ({ key, data: as<number>(data), type: typeof data === 'string' ? 'string' : 'int' })));
}

/** The report of a case. */
function reportOf(stage: Scene, recorded: Case, pair: Pair): unknown {
  if (isNamed(recorded.call, 'message')) return recorded.call['message'];
  const { params } = (publishesOf(recorded)[0]?.payload ?? {}) as { params?: JsonObject };
  return params === undefined ? { method: 'report', params: { a: 1 } } : stage.explorer.templateJsonConstructReportArray(...pair, params);
}

export const CALLS: Readonly<Record<string, Call>> = {
  ...OTA_CALLS,
  dynregDevice,
  httpDevice,
  'QcloudExplorer()': async (stage, { call }) => {
    const { deviceSecret, 'missing key': missing } = call;
    await stage.make(call, { ...(deviceSecret === undefined ? {} : { key_deviceinfo: { deviceSecret } }), ...(typeof missing === 'string' ? { [missing]: undefined } : {}) });
  },
  logInit: (stage) => stage.explorer.logInit('info', path.join(stage.options.directory, 'log.txt'), 1024, 3) !== null,

  connect: (stage) => stage.explorer.connect(),
  disconnect: (stage) => stage.explorer.disconnect(),
  '(network loss)': (stage) => stage.options.wire.cut(),
  '(network loss, then CONNACK 5 and 4, then 0)': (stage) => stage.options.wire.cut(),
  getConnectState: ({ explorer }) => [explorer.isMqttConnected(), stateName(explorer), explorer.getProductID(), explorer.getDeviceName()],
  isMqttConnected: ({ explorer }) => explorer.isMqttConnected(),
  setReconnectInterval: ({ explorer }, { call }) => explorer.setReconnectInterval(as(call['max_sec']), as(call['min_sec'])),
  setMessageTimout: ({ explorer }, { call }) => explorer.setMessageTimout(as(call['timeout'])),
  setKeepaliveInterval: ({ explorer }, { call }) => explorer.setKeepaliveInterval(as(call['interval'])),
  subscribe: ({ explorer }, recorded) => {
    const { call } = recorded;
    const [first] = (recorded['subscribes'] ?? []) as { topic: string; qos: number }[];
    return explorer.subscribe(as(isNamed(call, 'topic') ? call['topic'] : (first?.topic ?? 'x/y')), as(call['qos'] ?? first?.qos ?? 0));
  },
  unsubscribe: ({ explorer }, recorded) => {
    const { call } = recorded;
    const [first, ...more] = (recorded['unsubscribes'] ?? []) as string[];
    return explorer.unsubscribe(as(isNamed(call, 'topic') ? call['topic'] : more.length > 0 ? [first, ...more] : (first ?? 'x/y')));
  },
  publish: ({ explorer }, recorded) => {
    const [sent] = publishesOf(recorded);
    const { call } = recorded;
    return explorer.publish(as(isNamed(call, 'topic') ? call['topic'] : (sent?.topic ?? 'x/y')), as(payloadOf(recorded)), as(call['qos'] ?? sent?.qos ?? 0));
  },
  registerUserCallback: (stage, { call }) => stage.explorer.registerUserCallback(as(call['topic']), stage.noted('userCallback')),
  getNtpAccurateTime: ({ explorer }) => explorer.getNtpAccurateTime(),

  gatewayInit: ({ explorer }) => explorer.gatewayInit(),
  isSubdevStatusOnline: async (stage, recorded) => {
    const { explorer, child } = stage;
    if (recorded.call['unknown device'] === true) return [null, explorer.isSubdevStatusOnline(child[0], `not ${child[1]}`)];
    const [productId, deviceName] = childOf(stage, recorded) as [string, string];
    if (publishesOf(recorded).length === 0) return explorer.isSubdevStatusOnline(productId, deviceName);
    return [await explorer.gatewaySubdevOnline(productId, deviceName), explorer.isSubdevStatusOnline(productId, deviceName)];
  },
  updateSubdevStatus: ({ explorer, child }, { call }) => {
    explorer.updateSubdevStatus(...child, as(call['status']));
    return [null, explorer.isSubdevStatusOnline(...child)];
  },
  gatewaySubdevGetConfigList: ({ explorer }) => explorer.gatewaySubdevGetConfigList().map(subdev),
  gatewaySubdevOnline: (stage, recorded) => stage.explorer.gatewaySubdevOnline(...as<Pair>(childOf(stage, recorded))),
  gatewaySubdevOffline: (stage, recorded) => stage.explorer.gatewaySubdevOffline(...as<Pair>(childOf(stage, recorded))),
  gatewaySubdevUnbind: (stage, recorded) => stage.explorer.gatewaySubdevUnbind(...as<Pair>(childOf(stage, recorded))),
  gatewaySubdevBind: (stage, recorded) => stage.explorer.gatewaySubdevBind(...as<[string, string, string]>(childOf(stage, recorded))),
  gatewaySubdevSubscribe: ({ explorer }, { call }) => explorer.gatewaySubdevSubscribe(as(call['topic'])),
  gatewaySubdevGetBindList: async ({ explorer, own }) => {
    const [rc, list] = await explorer.gatewaySubdevGetBindList(...own);
    return [rc, list.map(subdev)];
  },

  templateInit: (stage, recorded) => {
    const [propertyCb, actionCb, eventCb, serviceCb] = ['propertyCb', 'actionCb', 'eventCb', 'serviceCb'].map((name) => stage.noted(name));
    return stage.explorer.templateInit(...pairOf(stage, recorded), as(propertyCb), actionCb, eventCb, serviceCb);
  },
  templateSetup: async (stage, recorded) => stage.explorer.templateSetup(...(isAside(recorded) ? stage.child : stage.own), await templateFile(stage, recorded)),
  getEventsList: (stage, recorded) => listed(stage.explorer.getEventsList(...pairOf(stage, recorded))),
  getActionList: (stage, recorded) => listed(stage.explorer.getActionList(...pairOf(stage, recorded))),
  getPropertyList: (stage, recorded) => listed(stage.explorer.getPropertyList(...pairOf(stage, recorded))),
  'getEventsList/getActionList/getPropertyList': (stage, recorded) => [stage.explorer.getEventsList(...pairOf(stage, recorded)), stage.explorer.getActionList(...pairOf(stage, recorded)), stage.explorer.getPropertyList(...pairOf(stage, recorded))].map(listed),
  templateJsonConstructReportArray: (stage, recorded) => stage.explorer.templateJsonConstructReportArray(...pairOf(stage, recorded), as(recorded.call['payload'])),
  templateReport: (stage, recorded) => stage.explorer.templateReport(...pairOf(stage, recorded), as(reportOf(stage, recorded, pairOf(stage, recorded)))),
  templateReportSysInfo: (stage, recorded) => stage.explorer.templateReportSysInfo(...pairOf(stage, recorded), as(recorded.call['sysInfo'])),
  templateGetStatus: (stage, recorded) => stage.explorer.templateGetStatus(...pairOf(stage, recorded)),
  templateEventPost: (stage, recorded) => stage.explorer.templateEventPost(...pairOf(stage, recorded), as(recorded.call['message'])),
  templateControlReply: (stage, recorded) => stage.explorer.templateControlReply(...pairOf(stage, recorded), replyOf(recorded.call)),
  templateActionReply: (stage, recorded) => {
    const { call } = recorded;
    const sent = (publishesOf(recorded)[0]?.payload ?? {}) as Members;
    const token = isNamed(call, 'clientToken') ? call['clientToken'] : (sent['clientToken'] ?? 'token');
    return stage.explorer.templateActionReply(...pairOf(stage, recorded), as(token), as(isNamed(call, 'response') ? call['response'] : (sent['response'] ?? {})), replyOf({ code: sent['code'], status_msg: sent['status'], ...call }));
  },
  clearControl: (stage, recorded) => stage.explorer.clearControl(...pairOf(stage, recorded)),
  templateDeinit: (stage, recorded) => stage.explorer.templateDeinit(...pairOf(stage, recorded)),

  shadowInit: (stage) => stage.explorer.shadowInit(...stage.own, stage.noted('shadowCb')),
  getShadow: ({ explorer, own }) => explorer.getShadow(...own),
  shadowUpdate: (stage, recorded) => stage.explorer.shadowUpdate(...stage.own, as(shadowOf(stage, recorded)), 0),
  shadowJsonConstructReport: ({ explorer, own }, { call }) => explorer.shadowJsonConstructReport(...own, ...as<[string, number, string][]>(call['props']).map(([key, data, type]) => ({ key, data, type }))),
  shadowJsonConstructDesireAllNull: ({ explorer, own }) => explorer.shadowJsonConstructDesireAllNull(...own),
  rrpcInit: (stage) => stage.explorer.rrpcInit(...stage.own, stage.noted('rrpcCb')),
  rrpcReply: ({ explorer, own }, recorded) => explorer.rrpcReply(...own, as(isNamed(recorded.call, 'reply') ? recorded.call['reply'] : (publishesOf(recorded)[0]?.payload ?? { ok: 1 }))),
  broadcastInit: (stage) => stage.explorer.broadcastInit(...stage.own, stage.noted('broadcastCb')),
};
