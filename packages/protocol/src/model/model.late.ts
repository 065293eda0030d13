// What is done with models. A device without one needs none of it.
export { toBoth } from './both.ts';
export { compileModel, violationError } from './check.ts';
export { defineModel } from './define.ts';
export { forCloud } from './for-cloud.ts';
export { readHuaweiProfile } from './huawei-profile.ts';
export { generateModelSource } from './source.ts';
export { modelFaultOf } from './spot.ts';
export { readTencentTemplate } from './tencent-template.ts';
export { tencentModelCode, tencentStatus } from './tencent-status.ts';
export { toHuaweiProduct, toHuaweiProfile } from './write-huawei.ts';
export { toTencentTemplate } from './write-tencent.ts';
