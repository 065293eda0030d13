import { afterAll, beforeAll, describe, it } from 'vitest';
import { Certificates } from './support/certificates.ts';
import { CLOUDS } from './support/clouds.ts';
import * as transfers from './support/core-gateways-and-files.ts';
import * as core from './support/core.ts';
import { GATEWAYS } from './support/gateways.ts';

let certificates: Certificates;
beforeAll(() => {
  certificates = new Certificates();
});
afterAll(() => certificates[Symbol.dispose]());

const WAYS = (['mqtt', 'mqtts', 'ws', 'wss'] as const).flatMap((over) => ([4, 5] as const).map((mqttVersion) => ({ over, mqttVersion, name: `${over}, MQTT ${mqttVersion === 4 ? '3.1.1' : '5'}` })));

describe.each(WAYS)('Over $name', ({ over, mqttVersion }) => {
  // One authority for all: to make a key for each takes longer than most of what is run here.
  const how = (): core.How => ({ over, mqttVersion, authority: certificates.trusted });

  describe.each(CLOUDS)('a device of $name', (cloud) => {
    it('reports and is called', () => core.reportsAndIsCalled(how(), cloud));
    it('asks the time', () => transfers.asksTheTime(how(), cloud));
    it('is upgraded', () => transfers.takesANewVersion(how(), cloud));
  });

  describe('a device of huawei', () => {
    it('is set', () => core.huaweiIsSet(how()));
    it('tells of events', () => core.huaweiTellsOfEvents(how()));
    it('sends messages', () => core.huaweiSendsMessages(how()));
    it('gets messages', () => core.huaweiGetsMessages(how()));
    it('hears what was wished while it was away, and asks for its shadow', () => core.huaweiWishesWait(how()));
    it('tells about itself', () => transfers.huaweiTellsAboutItself(how()));
    it('puts and gets files', () => transfers.huaweiGetsFiles(how()));
  });

  describe('a device of tencent', () => {
    it('is controlled', () => core.tencentIsControlled(how()));
    it('tells of events', () => core.tencentTellsOfEvents(how()));
    it('sends and gets bytes', () => core.tencentSendsAndGetsBytes(how()));
    it('hears what was wished while it was away, by get_status', () => core.tencentControlWaits(how()));
    it('tells about itself', () => transfers.tencentTellsAboutItself(how()));
  });

  describe.each(GATEWAYS)('a gateway of $name', (cloud) => {
    it('adds, lists and removes its lamps', () => transfers.addsLamps(how(), cloud));
    it('reports for them', () => transfers.reportsForALamp(how(), cloud));
    it('has them asked and set', () => transfers.lampAnswersForItself(how(), cloud));
  });
});
