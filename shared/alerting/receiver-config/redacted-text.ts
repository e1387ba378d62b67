import { isPair, isScalar, parseDocument, visit } from 'yaml';
import type { Node, Pair } from 'yaml';

const SECRET_KEYS: ReadonlySet<string> = new Set([
  'smtp_auth_password', 'auth_password', 'password', 'credentials', 'bearer_token', 'routing_key', 'api_key', 'opsgenie_api_key', 'slack_api_url', 'webhook_url', 'signing_secrets',
]);


/** A file that reads, without its comments and with `<secret>` for every secret, as Alertmanager shows it. */
export const redactedText = (text: string): string => {
  const document = parseDocument(text, { schema: 'failsafe', uniqueKeys: false });
  document.comment = null;
  document.commentBefore = null;
  visit(document, {
    Node: (_key, node) => {
      // Comments may hold anything; an alias of a secret shows what its anchor does.
      node.comment = null;
      node.commentBefore = null;
    },
    Pair: (_key, pair, path) => {
      const key = keyOf(pair);
      const isUnder = (list: string): boolean => path.some((above) => isPair(above) && keyOf(above) === list);
      if (SECRET_KEYS.has(key) || (key === 'api_url' && isUnder('slack_configs'))) pair.value = document.createNode('<secret>');
      else if (key === 'url' && isUnder('webhook_configs')) pair.value = document.createNode(redactedUrl(pair.value));
    },
  });
  return document.toString({ lineWidth: 0 });
};

/** Older amtools read this one as an address, so it stays one; the host alone is no secret. */
const redactedUrl = (value: unknown): string => {
  const url = URL.parse(isScalar(value) ? String(value.value) : '');
  return url === null ? '<secret>' : `${url.protocol}//${url.host}/<secret>`;
};

const keyOf = (pair: Pair): string => (isScalar(pair.key as Node) ? String((pair.key as { value: unknown }).value) : '');
