import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import type { Attribute, Condition, Item, ItemKey, SortRange } from '../catalog/item-table.ts';

type Row = Record<string, AttributeValue>;

/** A condition with its placeholders, as every conditional request takes it. */
export interface Expression {
  readonly ConditionExpression: string;
  readonly ExpressionAttributeNames?: Record<string, string>;
  readonly ExpressionAttributeValues?: Row;
}

const attributeValue = (value: Attribute): AttributeValue => {
  if (typeof value === 'string') return { S: value };
  return typeof value === 'boolean' ? { BOOL: value } : { N: String(value) };
};

export const rowOf = ({ pk, sk, attributes, expiresAtS }: Item): Row => ({
  ...Object.fromEntries(Object.entries(attributes).map(([name, value]) => [name, attributeValue(value)])),
  ...(expiresAtS === undefined ? {} : { expiresAtS: { N: String(expiresAtS) } }),
  ...keyOf({ pk, sk }),
});

export const keyOf = ({ pk, sk }: ItemKey): Row => ({ pk: { S: pk }, sk: { S: sk } });

/** Types that we do not write (nobody else writes here) are left out. */
const attributeOf = (value: AttributeValue): Attribute | undefined => {
  if (value.N !== undefined) return Number(value.N);
  return value.S ?? value.BOOL;
};

export const itemOf = (row: Row): Item => {
  const { pk, sk, expiresAtS, ...rest } = row;
  const attributes = Object.fromEntries(
    Object.entries(rest).flatMap(([name, value]) => {
      const attribute = attributeOf(value);
      return attribute === undefined ? [] : [[name, attribute] as const];
    }),
  );
  return {
    pk: pk?.S ?? '',
    sk: sk?.S ?? '',
    attributes,
    ...(expiresAtS?.N === undefined ? {} : { expiresAtS: Number(expiresAtS.N) }),
  };
};

/** Every name and value goes through a placeholder, since many plain words are reserved in DynamoDB. */
export const conditionExpression = (condition: Condition): Expression => {
  const names: Record<string, string> = {};
  const values: Row = {};
  const nameOf = (name: string): string => {
    const placeholder = `#n${Object.keys(names).length}`;
    names[placeholder] = name;
    return placeholder;
  };
  const text = (each: Condition): string => {
    // OR is all there is, so nothing needs parentheses; DynamoDB refuses redundant ones.
    if ('any' in each) return each.any.map(text).join(' OR ');
    if (each.is === 'absent') return `attribute_not_exists(${nameOf('pk')})`;
    if (each.is === 'present') return `attribute_exists(${nameOf('pk')})`;
    const placeholder = `:v${Object.keys(values).length}`;
    values[placeholder] = attributeValue(each.value);
    return `${nameOf(each.attribute)} ${each.is === 'equal' ? '=' : '<'} ${placeholder}`;
  };
  const ConditionExpression = text(condition);
  return {
    ConditionExpression,
    ExpressionAttributeNames: names,
    ...(Object.keys(values).length === 0 ? {} : { ExpressionAttributeValues: values }),
  };
};

/** Undefined for a range in which no key can lie. An empty text is below every sort key, and DynamoDB takes none as a bound. */
export const keyCondition = (pk: string, { from, to }: SortRange) => {
  const bounds = { ...(from === undefined || from === '' ? {} : { ':from': { S: from } }), ...(to === undefined ? {} : { ':to': { S: to } }) };
  const hasFrom = ':from' in bounds;
  if (to !== undefined && (to === '' || (hasFrom && Buffer.compare(Buffer.from(from ?? ''), Buffer.from(to)) > 0))) return undefined;
  const sort = hasFrom ? (to === undefined ? ' AND sk >= :from' : ' AND sk BETWEEN :from AND :to') : to === undefined ? '' : ' AND sk <= :to';
  return { KeyConditionExpression: `pk = :pk${sort}`, ExpressionAttributeValues: { ':pk': { S: pk }, ...bounds } };
};
