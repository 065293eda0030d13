import { takeHuaweiChildren } from './children-huawei.ts';
import { takeTencentChildren } from './children-tencent.ts';
import { Children, type ChildrenOptions } from './children.ts';

/** The gateways of both clouds, with what each cloud does with their messages. */
export function openChildren(options: ChildrenOptions): Children {
  const children = new Children(options);
  takeHuaweiChildren(children, options);
  takeTencentChildren(children, options);
  return children;
}
