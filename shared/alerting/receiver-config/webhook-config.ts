import { isSigningSecret } from '../../channels/webhook.ts';
import type { HttpClient } from '../http-client.ts';
import type { WebhookIntegration } from '../receivers.ts';
import type { FieldReader } from './field-reader.ts';
import { readHttpClient, readSecretUrl, readTimeout } from './http-config.ts';

/** `signing_secrets` and `signing_secret_files` are ours: Alertmanager signs nothing. */
export const WEBHOOK_KEYS = ['url', 'url_file', 'send_resolved', 'http_config', 'max_alerts', 'timeout', 'signing_secrets', 'signing_secret_files'];

/** The one in use and the one that replaces it. */
const MAX_SIGNING_SECRETS = 2;

export const readWebhook = (reader: FieldReader, client: HttpClient): Omit<WebhookIntegration, 'id' | 'receiver'> => {
  const texts = reader.texts('signing_secrets');
  for (const { text, node } of texts) {
    if (!isSigningSecret(text)) reader.yaml.fail(node, `${reader.what}: signing_secrets: found no secret of 24 to 64 bytes in base64, whsec_... is needed`);
  }
  const signingSecrets = [...texts.map(({ text }) => ({ text })), ...reader.texts('signing_secret_files').map(({ text }) => ({ file: text }))];
  if (signingSecrets.length > MAX_SIGNING_SECRETS) reader.fail('signing_secrets', `found ${signingSecrets.length} signing secrets, at most ${MAX_SIGNING_SECRETS} are allowed`);
  return {
    channel: 'webhook',
    url: readSecretUrl(reader, 'url'),
    ...readHttpClient(reader, client),
    ...readTimeout(reader),
    maxAlerts: reader.count('max_alerts', 0),
    signingSecrets,
    sendResolved: reader.flag('send_resolved', true),
  };
};
