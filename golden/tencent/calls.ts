// Each api of Tencent's transcripts, and the call of the face that it is.
import path from 'node:path';
import { ReplyPara, SessionState, type GatewaySubdev } from 'lianyun/tencent';
import type { JsonObject } from 'lianyun';
import type { Case } from '../transcript.ts';
import { dynregDevice, httpDevice } from './http-calls.ts';
import { OTA_CALLS } from './ota-calls.ts';
import { as, CHILD, DEVICE, publishesOf, stateName, type Members, type Scene } from './scene.ts';
import { isAside, listed, templateFile } from './templates.ts';

/** Plays a case. */
export type Call = (stage: Scene, recorded: Case) => unknown;

type Pair = readonly [productId: string, deviceName: string];

const OWN: Pair = [DEVICE.productId, DEVICE.deviceName];
const SUB: Pair = [CHILD.productId, CHILD.deviceName];

const isNamed = (call: Members, name: string): boolean => Object.hasOwn(call, name);
/** A device of the transcripts. */
const pairOf = ({ productId, deviceName = CHILD.deviceName }: Members): Pair => (productId === undefined || productId === OWN[0] ? OWN : [as<string>(productId), as<string>(deviceName)]);

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
function childOf(recorded: Case): string[] {
  const { args, sub_devName: name, sub_secret: secret } = recorded.call;
  if (Array.isArray(args)) return args as string[];
  const body = publishesOf(recorded)[0]?.payload as { payload?: { devices?: { product_id: string; device_name: string }[] } } | undefined;
  const [device = { product_id: SUB[0], device_name: SUB[1] }] = body?.payload?.devices ?? [];
  return [device.product_id, typeof name === 'string' ? name : device.device_name, as(secret ?? 'c3ViLXNlY3JldA==')];
}

const child = (device: GatewaySubdev): Members => ({ $class: 'gateway_subdev', ...device, session_status: `Gateway.SessionState.${Object.entries(SessionState).find(([, value]) => value === device.session_status)?.[0] ?? ''}` });

/** The shadow document of a case, made by the call that made it. */
function shadowOf(stage: Scene, recorded: Case): unknown {
  if (isNamed(recorded.call, 'shadow_docs')) return recorded.call['shadow_docs'];
  const { state } = (publishesOf(recorded)[0]?.payload ?? {}) as { state?: { desired?: null; reported?: JsonObject } };
  if (state?.desired === null) return stage.explorer.shadowJsonConstructDesireAllNull(...OWN);
  return stage.explorer.shadowJsonConstructReport(...OWN, ...Object.entries(state?.reported ?? { x: 1 }).map(([key, data]) => ({ key, data: as<number>(data), type: typeof data === 'string' ? 'string' : 'int' })));
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
  isSubdevStatusOnline: async ({ explorer }, recorded) => {
    if (recorded.call['unknown device'] === true) return [null, explorer.isSubdevStatusOnline(SUB[0], 'nodev')];
    const [productId, deviceName] = childOf(recorded) as [string, string];
    if (publishesOf(recorded).length === 0) return explorer.isSubdevStatusOnline(productId, deviceName);
    return [await explorer.gatewaySubdevOnline(productId, deviceName), explorer.isSubdevStatusOnline(productId, deviceName)];
  },
  updateSubdevStatus: ({ explorer }, { call }) => {
    explorer.updateSubdevStatus(...SUB, as(call['status']));
    return [null, explorer.isSubdevStatusOnline(...SUB)];
  },
  gatewaySubdevGetConfigList: ({ explorer }) => explorer.gatewaySubdevGetConfigList().map(child),
  gatewaySubdevOnline: ({ explorer }, recorded) => explorer.gatewaySubdevOnline(...as<Pair>(childOf(recorded))),
  gatewaySubdevOffline: ({ explorer }, recorded) => explorer.gatewaySubdevOffline(...as<Pair>(childOf(recorded))),
  gatewaySubdevUnbind: ({ explorer }, recorded) => explorer.gatewaySubdevUnbind(...as<Pair>(childOf(recorded))),
  gatewaySubdevBind: ({ explorer }, recorded) => explorer.gatewaySubdevBind(...as<[string, string, string]>(childOf(recorded))),
  gatewaySubdevSubscribe: ({ explorer }, { call }) => explorer.gatewaySubdevSubscribe(as(call['topic'])),
  gatewaySubdevGetBindList: async ({ explorer }) => {
    const [rc, list] = await explorer.gatewaySubdevGetBindList(...OWN);
    return [rc, list.map(child)];
  },

  templateInit: (stage, { call }) => {
    const [propertyCb, actionCb, eventCb, serviceCb] = ['propertyCb', 'actionCb', 'eventCb', 'serviceCb'].map((name) => stage.noted(name));
    return stage.explorer.templateInit(...pairOf(call), as(propertyCb), actionCb, eventCb, serviceCb);
  },
  templateSetup: async (stage, recorded) => stage.explorer.templateSetup(...(isAside(recorded) ? SUB : OWN), await templateFile(stage, recorded)),
  getEventsList: ({ explorer }, { call }) => listed(explorer.getEventsList(...pairOf(call))),
  getActionList: ({ explorer }, { call }) => listed(explorer.getActionList(...pairOf(call))),
  getPropertyList: ({ explorer }, { call }) => listed(explorer.getPropertyList(...pairOf(call))),
  'getEventsList/getActionList/getPropertyList': ({ explorer }, { call }) => [explorer.getEventsList(...pairOf(call)), explorer.getActionList(...pairOf(call)), explorer.getPropertyList(...pairOf(call))].map(listed),
  templateJsonConstructReportArray: ({ explorer }, { call }) => explorer.templateJsonConstructReportArray(...pairOf(call), as(call['payload'])),
  templateReport: (stage, recorded) => stage.explorer.templateReport(...pairOf(recorded.call), as(reportOf(stage, recorded, pairOf(recorded.call)))),
  templateReportSysInfo: ({ explorer }, { call }) => explorer.templateReportSysInfo(...pairOf(call), as(call['sysInfo'])),
  templateGetStatus: ({ explorer }, { call }) => explorer.templateGetStatus(...pairOf(call)),
  templateEventPost: ({ explorer }, { call }) => explorer.templateEventPost(...pairOf(call), as(call['message'])),
  templateControlReply: ({ explorer }, { call }) => explorer.templateControlReply(...pairOf(call), replyOf(call)),
  templateActionReply: ({ explorer }, recorded) => {
    const { call } = recorded;
    const sent = (publishesOf(recorded)[0]?.payload ?? {}) as Members;
    const token = isNamed(call, 'clientToken') ? call['clientToken'] : (sent['clientToken'] ?? 'token');
    return explorer.templateActionReply(...pairOf(call), as(token), as(isNamed(call, 'response') ? call['response'] : (sent['response'] ?? {})), replyOf({ code: sent['code'], status_msg: sent['status'], ...call }));
  },
  clearControl: ({ explorer }, { call }) => explorer.clearControl(...pairOf(call)),
  templateDeinit: ({ explorer }, { call }) => explorer.templateDeinit(...pairOf(call)),

  shadowInit: (stage) => stage.explorer.shadowInit(...OWN, stage.noted('shadowCb')),
  getShadow: ({ explorer }) => explorer.getShadow(...OWN),
  shadowUpdate: (stage, recorded) => stage.explorer.shadowUpdate(...OWN, as(shadowOf(stage, recorded)), 0),
  shadowJsonConstructReport: ({ explorer }, { call }) => explorer.shadowJsonConstructReport(...OWN, ...as<[string, number, string][]>(call['props']).map(([key, data, type]) => ({ key, data, type }))),
  shadowJsonConstructDesireAllNull: ({ explorer }) => explorer.shadowJsonConstructDesireAllNull(...OWN),
  rrpcInit: (stage) => stage.explorer.rrpcInit(...OWN, stage.noted('rrpcCb')),
  rrpcReply: ({ explorer }, recorded) => explorer.rrpcReply(...OWN, as(isNamed(recorded.call, 'reply') ? recorded.call['reply'] : (publishesOf(recorded)[0]?.payload ?? { ok: 1 }))),
  broadcastInit: (stage) => stage.explorer.broadcastInit(...OWN, stage.noted('broadcastCb')),
};
