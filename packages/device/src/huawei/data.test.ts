import { describe, expect, it } from 'vitest';
import { ClientConf, CommandRsp, ConnectAuthInfo, DeviceEvent, DeviceMessage, IotDevice, IotResult, MqttConnectConf, UrlInfo } from './index.ts';

/** What a program passes on that it may not have: only without exactOptionalPropertyTypes do its types allow it. */
const nothing = <T>(): T => undefined as T;

describe('A member that is given as undefined', () => {
  it('keeps its default, as one that is left out', () => {
    expect(new CommandRsp({ resultCode: nothing(), paras: nothing(), responseName: 'r' })).toEqual(new CommandRsp({ responseName: 'r' }));
    expect(new IotResult({ resultCode: nothing() })).toEqual(new IotResult());
    expect(new DeviceMessage({ content: nothing(), deviceId: 'd' })).toEqual(new DeviceMessage({ deviceId: 'd' }));
    expect(new DeviceEvent({ paras: nothing() }).paras).toEqual({});
    expect(new UrlInfo({ url: nothing(), expire: 5 })).toEqual(new UrlInfo({ expire: 5 }));
    expect(new MqttConnectConf({ qos: nothing(), timeout: nothing(), keepAliveTime: nothing() })).toEqual(new MqttConnectConf());
    const info = { id: 'd', serverUri: 'h', secret: 's' };
    const given = new ConnectAuthInfo({ ...info, port: nothing(), authType: nothing(), bsMode: nothing(), protocol: nothing(), checkTimestamp: nothing(), reconnectOnFailure: nothing(), maxBackoff: nothing(), iotCertFile: nothing() });
    expect(given).toEqual(new ConnectAuthInfo(info));
    expect(given.reconnectOnFailure).toBe(true);
    expect(new IotDevice(new ClientConf(given)).getDeviceId()).toBe('d');
  });
});

describe('What a listener failed with', () => {
  it.each([
    ['no power', 'no power'],
    ['x'.repeat(129), 'x'.repeat(128)],
    ['断'.repeat(60), '断'.repeat(42)],
    [`${'x'.repeat(126)}😀`, 'x'.repeat(126)],
    ['😀'.repeat(40), '😀'.repeat(32)],
  ])('is told in at most 128 bytes of whole characters (reference 3.6): %s', (why, told) => {
    expect(IotResult.failed(why)).toMatchObject({ resultCode: -1, resultDesc: told });
  });
});
