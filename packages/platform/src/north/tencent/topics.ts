import { isTopicName } from '@lianyun/protocol/mqtt';
import { DEFAULT_TOPICS, type Privilege, type TopicPolicy } from '../../tencent/topic-policies.ts';
import type { TencentProduct } from '../../records.ts';
import type { NorthContext } from '../context.ts';
import { refusal } from '../refusal.ts';
import { action, productOf } from './action.ts';

/** Topics that a product may declare. */
const MAX_TOPICS = 50;

const NAMED = { ProductId: 'text', TopicName: 'text' } as const;

/** The actions about the topics that a product declares (10.6). */
export const topicActions = {
  CreateTopicPolicy: action({ ...NAMED, Privilege: 'integer', BrokerSubscribe: 'text?' }, (p, context) => {
    const product = productOf(p.ProductId, context);
    const [name, privilege] = [nameIn(p), privilegeIn(p.Privilege)];
    if (known(product).some((topic) => topic.name === name)) throw refusal('InvalidParameterValue.TopicPolicyAlreadyExist', `The product ${p.ProductId} has the topic ${name} already.`);
    const topics = product.topics ?? [];
    if (topics.length >= MAX_TOPICS) throw refusal('LimitExceeded.TopicPolicyExceedLimit', `A product has ${MAX_TOPICS} topics of its own at most.`);
    context.registry.updateProduct('tencent', p.ProductId, { topics: [...topics, { name, privilege }] });
    return {};
  }),

  ModifyTopicPolicy: action({ ...NAMED, NewTopicName: 'text', Privilege: 'integer', BrokerSubscribe: 'text?' }, (p, context) => {
    const product = productOf(p.ProductId, context);
    const [before, name, privilege] = [ownOf(product, p), nameIn({ ProductId: p.ProductId, TopicName: p.NewTopicName }), privilegeIn(p.Privilege)];
    if (name !== before.name && known(product).some((topic) => topic.name === name)) throw refusal('InvalidParameterValue.TopicPolicyAlreadyExist', `The product ${p.ProductId} has the topic ${name} already.`);
    context.registry.updateProduct('tencent', p.ProductId, { topics: (product.topics ?? []).map((topic) => (topic.name === before.name ? { name, privilege } : topic)) });
    return {};
  }),

  DeleteTopicPolicy: action(NAMED, (p, context) => {
    const product = productOf(p.ProductId, context);
    const { name } = ownOf(product, p);
    context.registry.updateProduct('tencent', p.ProductId, { topics: (product.topics ?? []).filter((topic) => topic.name !== name) });
    return {};
  }),

  DescribeTopicPolicy: action(NAMED, (p, context) => {
    const product = productOf(p.ProductId, context);
    const name = nameIn(p);
    const found = known(product).find((topic) => topic.name === name);
    if (found === undefined) throw unknown(p);
    return entry(product.productId, found);
  }),

  ListTopicPolicy: action({ ProductId: 'text' }, (p, context: NorthContext) => ({ Topics: known(productOf(p.ProductId, context)).map((topic) => entry(p.ProductId, topic)) })),
};

const known = ({ topics = [] }: TencentProduct): readonly TopicPolicy[] => [...DEFAULT_TOPICS, ...topics];
const entry = (productId: string, { name, privilege }: TopicPolicy) => ({ TopicName: `${productId}/\${deviceName}/${name}`, Privilege: privilege });

const unknown = ({ ProductId, TopicName }: { readonly ProductId: string; readonly TopicName: string }) => refusal('ResourceNotFound.TopicPolicyNotExist', `The product ${ProductId} has no topic ${JSON.stringify(TopicName)} of its own.`);

function ownOf({ topics = [] }: TencentProduct, p: { readonly ProductId: string; readonly TopicName: string }): TopicPolicy {
  const name = nameIn(p);
  const found = topics.find((topic) => topic.name === name);
  if (found === undefined) throw unknown(p);
  return found;
}

/** What follows product and device in a topic; both may be written before it. */
function nameIn({ ProductId, TopicName }: { readonly ProductId: string; readonly TopicName: string }): string {
  const name = TopicName.replace(/^\/+/, '').replace(new RegExp(`^${ProductId}/(\\$\\{deviceName\\}|\\+)/`, 'i'), '');
  if (name === '' || name.length > 64 || name.startsWith('$') || name.includes('//') || !isTopicName(name)) throw refusal('InvalidParameterValue', 'TopicName is not allowed: 1 to 64 characters without + and # are expected, alone or behind the product and a placeholder for the device.');
  return name;
}

function privilegeIn(value: number): Privilege {
  if (value === 1 || value === 2 || value === 3) return value;
  throw refusal('InvalidParameterValue', 'Privilege is not allowed: 1 (publish), 2 (subscribe) or 3 (both) is expected.');
}
