import type { HttpClient, TlsSettings } from './http-client.ts';
import type { NamedTemplates } from './message-template.ts';
import type { InhibitRule } from './routing/inhibition.ts';
import { NO_MATCHERS } from './routing/matcher-text.ts';
import { rootRoute } from './routing/route.ts';
import type { Route } from './routing/route.ts';
import type { TimeInterval } from './routing/time-interval.ts';

/** A secret as the file gives it, or the path of the file it stands in, which is read when it is needed. */
export type Secret = { readonly text: string } | { readonly file: string };

interface IntegrationOf {
  /** `<receiver>/<channel>/<index>`: names it in notifications and in the ledger. */
  readonly id: string;
  readonly receiver: string;
  readonly sendResolved: boolean;
}

/** One that posts JSON. */
interface HttpIntegrationOf extends IntegrationOf, HttpClient {
  /** Of an attempt; absent: as long as attempts may take here. */
  readonly timeoutMs?: number;
}

export interface WebhookIntegration extends HttpIntegrationOf {
  readonly channel: 'webhook';
  readonly url: Secret;
  /** Alerts in one message; 0: as many as fit. */
  readonly maxAlerts: number;
  /** Signed with each of these (Standard Webhooks); two while one replaces the other. */
  readonly signingSecrets: readonly Secret[];
}

export interface EmailIntegration extends IntegrationOf {
  readonly channel: 'email';
  readonly to: string;
  readonly from: string;
  readonly smarthost: { readonly host: string; readonly port: number };
  /** The name told in EHLO; '' leaves it to the client. */
  readonly hello: string;
  readonly auth: { readonly username: string; readonly password: Secret; /** Absent: whatever the server offers. */ readonly method?: 'CRAM-MD5' } | undefined;
  readonly requireTls: boolean;
  /** TLS from the first byte; absent: on port 465, which means that (RFC 8314). */
  readonly implicitTls?: boolean;
  readonly tls?: TlsSettings;
  /** Mails of a group refer to one root, so that readers show them as one conversation. */
  readonly threading?: 'daily' | 'none';
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Own bodies; undefined takes the default one. */
  readonly text: string | undefined;
  readonly html: string | undefined;
}

/** Undefined texts take Alertmanager's defaults. */
export interface PagerdutyIntegration extends HttpIntegrationOf {
  readonly channel: 'pagerduty';
  readonly url: string;
  /** Of Events API v2, or of its predecessor: a service's key. */
  readonly api: 'v1' | 'v2';
  readonly key: Secret;
  readonly description: string | undefined;
  readonly severity: string;
  readonly client: string;
  readonly clientUrl: string | undefined;
  readonly source: string | undefined;
  readonly class: string;
  readonly component: string;
  readonly group: string;
  readonly details: readonly (readonly [name: string, value: string])[];
  readonly images: readonly { readonly src: string; readonly alt: string; readonly href: string }[];
  readonly links: readonly { readonly href: string; readonly text: string }[];
}

export interface SlackIntegration extends HttpIntegrationOf {
  readonly channel: 'slack';
  readonly url: Secret;
  readonly to: string;
  readonly username: string;
  readonly color: string | undefined;
  readonly title: string | undefined;
  readonly titleLink: string | undefined;
  readonly pretext: string;
  readonly text: string | undefined;
  readonly fallback: string | undefined;
  readonly footer: string;
  readonly iconEmoji: string;
  readonly iconUrl: string;
  readonly shortFields: boolean;
  readonly callbackId: string;
  readonly imageUrl: string;
  readonly thumbUrl: string;
  readonly linkNames: boolean;
  readonly markdownIn: readonly string[];
  readonly actions: readonly SlackAction[];
  /** Beside the attachment; '' is none. */
  readonly messageText: string;
  readonly fields: readonly { readonly title: string; readonly value: string; readonly short: boolean | undefined }[];
}

/** A button; '' leaves a field out. */
export interface SlackAction {
  readonly type: string;
  readonly text: string;
  /** Where it leads. */
  readonly link: string;
  readonly style: string;
  readonly name: string;
  readonly value: string;
  readonly confirm: { readonly text: string; readonly title: string; readonly okText: string; readonly dismissText: string } | undefined;
}

export interface SnsIntegration extends IntegrationOf {
  readonly channel: 'sns';
  /** One of them is there. */
  readonly topicArn: string;
  readonly targetArn: string;
  readonly phoneNumber: string;
  readonly region: string;
  readonly subject: string | undefined;
  readonly message: string | undefined;
  readonly attributes: readonly (readonly [name: string, value: string])[];
}

/** A call that reads the subject aloud (AWS End User Messaging). */
export interface PhoneIntegration extends IntegrationOf {
  readonly channel: 'phone';
  /** E.164. */
  readonly to: string;
  /** The number, pool or sender that calls: an id or ARN. */
  readonly from: string;
  readonly voice: string;
  readonly text: string | undefined;
}

export interface OpsgenieIntegration extends HttpIntegrationOf {
  readonly channel: 'opsgenie';
  readonly url: string;
  readonly apiKey: Secret;
  readonly message: string | undefined;
  readonly description: string | undefined;
  readonly source: string | undefined;
  readonly priority: string;
  readonly note: string;
  readonly entity: string;
  readonly actions: string;
  readonly responders: readonly OpsgenieResponder[];
  readonly tags: readonly string[];
  readonly details: readonly (readonly [name: string, value: string])[];
}

/** By one of identifier, name and username; '' where it is by another. */
export interface OpsgenieResponder {
  readonly type: string;
  readonly identifier: string;
  readonly name: string;
  readonly username: string;
}

export interface MsteamsIntegration extends HttpIntegrationOf {
  readonly channel: 'msteams';
  readonly url: Secret;
  readonly title: string | undefined;
  readonly summary: string | undefined;
  readonly text: string | undefined;
}

export type Integration =
  | WebhookIntegration
  | EmailIntegration
  | PagerdutyIntegration
  | SlackIntegration
  | SnsIntegration
  | PhoneIntegration
  | OpsgenieIntegration
  | MsteamsIntegration;

export interface Receiver {
  readonly name: string;
  readonly integrations: readonly Integration[];
}

export interface AlertmanagerConfig {
  /** When an external alert that says no end of its own is taken as resolved after its last POST. */
  readonly resolveTimeoutMs: number;
  readonly route: Route;
  readonly inhibitRules: readonly InhibitRule[];
  /** By name; one of a list must contain the time. */
  readonly timeIntervals: ReadonlyMap<string, readonly TimeInterval[]>;
  readonly receivers: readonly Receiver[];
  /** What texts of receivers may run. */
  readonly templates: NamedTemplates;
  /** The file with `<secret>` for every secret, for people to read; '' where there is none. */
  readonly redactedText: string;
}

/** Where there is no alertmanager file: alerts have states, nobody is told. */
export const NO_RECEIVERS: AlertmanagerConfig = {
  resolveTimeoutMs: 300_000,
  route: rootRoute('', NO_MATCHERS),
  inhibitRules: [],
  timeIntervals: new Map(),
  receivers: [],
  templates: new Map(),
  redactedText: '',
};

export const integrationsOf = (config: AlertmanagerConfig, receiver: string): readonly Integration[] => config.receivers.find(({ name }) => name === receiver)?.integrations ?? [];

export const findIntegration = (config: AlertmanagerConfig, id: string): Integration | undefined =>
  config.receivers.flatMap((receiver) => receiver.integrations).find((integration) => integration.id === id);
