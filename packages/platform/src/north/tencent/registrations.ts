import { REGISTER_LIMIT } from '../../device-http/device-http.ts';
import type { TencentProduct } from '../../records.ts';
import { refusal } from '../refusal.ts';
import { action, productOf } from './action.ts';

const MAX_LIMIT = 1_000_000;

/** The actions about dynamic registration (4, 10.6). */
export const registrationActions = {
  ModifyProductDynamicRegister: action({ ProductId: 'text', RegisterType: 'integer', RegisterLimit: 'integer?' }, (p, context) => {
    productOf(p.ProductId, context);
    const { RegisterType: registerType, RegisterLimit: registerLimit } = p;
    if (![0, 1, 2].includes(registerType)) throw refusal('InvalidParameterValue', 'RegisterType is not allowed: 0 (off), 1 (devices that were created) or 2 (any device) is expected.');
    if (registerLimit !== undefined && (registerLimit < 0 || registerLimit > MAX_LIMIT)) throw refusal('InvalidParameterValue', `RegisterLimit is not allowed: 0 to ${MAX_LIMIT} is expected.`);
    return settings(context.registry.updateProduct('tencent', p.ProductId, { registerType, ...(registerLimit === undefined ? {} : { registerLimit }) }));
  }),

  DescribeProductDynamicRegister: action({ ProductId: 'text' }, (p, context) => settings(productOf(p.ProductId, context))),
};

const settings = ({ registerType, registerLimit = REGISTER_LIMIT, productSecret }: TencentProduct) => ({ RegisterType: registerType, ProductSecret: productSecret, RegisterLimit: registerLimit });
