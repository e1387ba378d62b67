import { isPair, isScalar, isSeq, parseDocument, visit } from 'yaml';
import type { Node, Pair } from 'yaml';

const SECRET_KEYS: ReadonlySet<string> = new Set([
  'smtp_auth_password', 'auth_password', 'smtp_auth_secret', 'auth_secret', 'password', 'credentials', 'client_secret', 'bearer_token', 'routing_key', 'service_key', 'secret_key', 'api_key',
  'opsgenie_api_key', 'slack_api_url', 'slack_app_token', 'app_token', 'webhook_url', 'signing_secrets', 'victorops_api_key', 'rocketchat_token', 'rocketchat_token_id', 'wechat_api_secret',
  'telegram_bot_token', 'mattermost_webhook_url',
]);

/** Mappings whose values are secrets, or lists of them, under names that people choose. */
const SECRET_MAPPINGS: ReadonlySet<string> = new Set(['proxy_connect_header', 'endpoint_params']);

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
      const above = path.findLast((each) => isPair(each));
      const parent = above === undefined ? '' : keyOf(above);
      // Amtool reads this text again, so that a list stays one.
      if (SECRET_MAPPINGS.has(parent) || (key === 'secrets' && isUnder('http_headers'))) pair.value = document.createNode(isSeq(pair.value) ? ['<secret>'] : '<secret>');
      else if (parent === 'tls_config' && key === 'key') pair.value = document.createNode('<secret>');
      else if (SECRET_KEYS.has(key) || (key === 'api_url' && isUnder('slack_configs'))) pair.value = document.createNode('<secret>');
      else if (key === 'url' && isUnder('webhook_configs')) pair.value = document.createNode(redactedUrl(pair.value));
      else if (isScalar(pair.value)) pair.value.value = withoutLogin(String(pair.value.value ?? ''));
    },
  });
  return document.toString({ lineWidth: 0 });
};

/** Older amtools read this one as an address, so it stays one; the host alone is no secret. */
const redactedUrl = (value: unknown): string => {
  const url = URL.parse(isScalar(value) ? String(value.value) : '');
  return url === null ? '<secret>' : `${url.protocol}//${url.host}/<secret>`;
};

/** Any address may have a name and password before its host; in their place stands what Go writes there, since `<secret>` makes it no address. */
const withoutLogin = (text: string): string => text.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/?#]*@/i, '$1xxxxx@');

const keyOf = (pair: Pair): string => (isScalar(pair.key as Node) ? String((pair.key as { value: unknown }).value) : '');
