interface IntegrationOf {
  /** `<receiver>/<channel>/<index>`: names it in notifications and in the ledger. */
  readonly id: string;
  readonly receiver: string;
  readonly sendResolved: boolean;
}

export interface WebhookIntegration extends IntegrationOf {
  readonly channel: 'webhook';
  readonly url: string;
}

export interface EmailIntegration extends IntegrationOf {
  readonly channel: 'email';
  readonly to: string;
  readonly from: string;
  readonly smarthost: { readonly host: string; readonly port: number };
  /** The name told in EHLO; '' leaves it to the client. */
  readonly hello: string;
  readonly auth: { readonly username: string; readonly password: string } | undefined;
  readonly requireTls: boolean;
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Own bodies; undefined takes the default one. */
  readonly text: string | undefined;
  readonly html: string | undefined;
}

export type Integration = WebhookIntegration | EmailIntegration;

export interface Receiver {
  readonly name: string;
  readonly integrations: readonly Integration[];
}

export interface AlertmanagerConfig {
  readonly resolveTimeoutMs: number;
  /** The receiver of every alert, until routes have children. */
  readonly receiver: string;
  readonly receivers: readonly Receiver[];
}

/** Where there is no alertmanager file: alerts have states, nobody is told. */
export const NO_RECEIVERS: AlertmanagerConfig = { resolveTimeoutMs: 300_000, receiver: '', receivers: [] };

/** The integrations that an alert goes to. */
export const integrationsOf = (config: AlertmanagerConfig): readonly Integration[] =>
  config.receivers.find((receiver) => receiver.name === config.receiver)?.integrations ?? [];

export const findIntegration = (config: AlertmanagerConfig, id: string): Integration | undefined =>
  config.receivers.flatMap((receiver) => receiver.integrations).find((integration) => integration.id === id);
