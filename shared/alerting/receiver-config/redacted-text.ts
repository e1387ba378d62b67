import { isAlias, isMap, isPair, isScalar, isSeq, parseDocument, visit } from 'yaml';
import type { Document, Node, Pair } from 'yaml';

const SECRET_KEYS: ReadonlySet<string> = new Set([
  'smtp_auth_password', 'auth_password', 'smtp_auth_secret', 'auth_secret', 'password', 'credentials', 'client_secret', 'bearer_token', 'routing_key', 'service_key', 'secret_key', 'api_key',
  'opsgenie_api_key', 'slack_api_url', 'slack_app_token', 'app_token', 'webhook_url', 'signing_secrets', 'victorops_api_key', 'rocketchat_token', 'rocketchat_token_id', 'wechat_api_secret',
  'telegram_bot_token', 'mattermost_webhook_url',
  // Mappings whose values are secrets, or lists of them, under names that people choose.
  'proxy_connect_header', 'endpoint_params',
]);

/** Keys that hold a secret somewhere under others. */
const SECRET_UNDER: ReadonlyMap<string, readonly string[]> = new Map([
  ['secrets', ['http_headers']],
  ['key', ['tls_config', 'smtp_tls_config']],
  ['api_url', ['slack_configs']],
]);

/** A file that reads, without its comments and with `<secret>` for every secret, as Alertmanager shows it. */
export const redactedText = (text: string): string => {
  const document = parseDocument(text, { schema: 'failsafe', uniqueKeys: false });
  document.comment = null;
  document.commentBefore = null;
  const show = shownIn(document);
  visit(document, {
    Node: (_key, node) => {
      // Comments may hold anything; an alias of a secret shows what its anchor does.
      node.comment = null;
      node.commentBefore = null;
    },
    Pair: (_key, pair, path) => {
      const key = keyOf(pair);
      const isUnder = (names: readonly string[]): boolean => path.some((above) => isPair(above) && names.includes(keyOf(above)));
      if (SECRET_KEYS.has(key) || isUnder(SECRET_UNDER.get(key) ?? [])) show(pair.value, () => '<secret>');
      else if (key === 'url' && isUnder(['webhook_configs'])) show(pair.value, redactedUrl);
      else if (isScalar(pair.value)) show(pair.value, withoutLogin);
    },
  });
  return document.toString({ lineWidth: 0 });
};

/**
 * Replaces the texts within a value where they stand, so that a list stays one (amtool reads all of this again), an anchor keeps its
 * name, and what an alias stands for is hidden in both places.
 */
const shownIn = (document: Document.Parsed) => {
  const seen = new Set<unknown>();
  const show = (value: unknown, shown: (text: string) => string): void => {
    const node = isAlias(value) ? value.resolve(document) : value;
    if (isSeq(node) || isMap(node)) {
      // Aliases may lead back to where they stand, or to the same place many times.
      if (seen.has(node)) return;
      seen.add(node);
      for (const item of node.items) show(isPair(item) ? item.value : item, shown);
    }
    if (!isScalar(node)) return;
    const text = shown(String(node.value ?? ''));
    if (text === node.value) return;
    node.value = text;
    node.type = 'PLAIN';
  };
  return show;
};

/** Older amtools read this one as an address, so it stays one; the host alone is no secret. */
const redactedUrl = (text: string): string => {
  const url = URL.parse(text);
  return url === null ? '<secret>' : `${url.protocol}//${url.host}/<secret>`;
};

/** Any address may have a name and password before its host; in their place stands what Go writes there, since `<secret>` makes it no address. */
const withoutLogin = (text: string): string => text.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/?#]*@/i, '$1xxxxx@');

const keyOf = (pair: Pair): string => (isScalar(pair.key as Node) ? String((pair.key as { value: unknown }).value) : '');
