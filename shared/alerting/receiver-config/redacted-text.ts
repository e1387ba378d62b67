import { isPair, isScalar, parseDocument, visit } from 'yaml';
import type { Node, Pair } from 'yaml';

const SECRET_KEYS: ReadonlySet<string> = new Set([
  'smtp_auth_password', 'auth_password', 'password', 'credentials', 'bearer_token', 'routing_key', 'api_key', 'opsgenie_api_key', 'slack_api_url', 'webhook_url', 'signing_secrets',
]);

/** Addresses that are secrets in one kind of receiver alone. */
const SECRET_URLS: Readonly<Record<string, string>> = { webhook_configs: 'url', slack_configs: 'api_url' };

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
      if (isSecret(keyOf(pair), path)) pair.value = document.createNode('<secret>');
    },
  });
  return document.toString({ lineWidth: 0 });
};

const isSecret = (key: string, path: readonly unknown[]): boolean => SECRET_KEYS.has(key) || path.some((above) => isPair(above) && SECRET_URLS[keyOf(above)] === key);

const keyOf = (pair: Pair): string => (isScalar(pair.key as Node) ? String((pair.key as { value: unknown }).value) : '');
