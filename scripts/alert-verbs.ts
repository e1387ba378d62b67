import { userInfo } from 'node:os';
import { type Command, Option } from 'commander';
import { NOTIFICATION_STATES } from '../shared/alerting/notification-list.ts';
import { acknowledgeAlerts, listAlerts, unacknowledgeAlerts } from '../shared/commands/alerts.ts';
import type { Api } from '../shared/commands/api.ts';
import type { CheckReport } from '../shared/commands/check.ts';
import { notifications, redeliverNotifications } from '../shared/commands/notifications.ts';
import { addSilence, expireSilences, listSilences, previewSilence } from '../shared/commands/silences.ts';

/** What the verbs have from the program they belong to. */
export interface VerbSetting {
  /** Adds the options of every verb that talks to an installation. */
  readonly withApi: (command: Command) => Command;
  readonly apiOf: (options: ApiOptions) => Api;
  readonly print: (text: string) => void;
  readonly tell: (report: CheckReport) => void;
}

interface ApiOptions {
  readonly url: string;
  readonly key?: string;
}

interface JsonOptions extends ApiOptions {
  readonly json: boolean;
}

interface AuthorOptions extends JsonOptions {
  readonly author?: string;
}

const withJson = (command: Command): Command => command.option('--json', 'for machines', false);

const withAuthor = (command: Command): Command => withJson(command).option('--author <name>', 'who asks, which is kept with the change; your user name if absent');

/** Looked up when it is needed: where a process runs under a number alone, this throws. */
const authorOf = ({ author }: AuthorOptions): string => author ?? userInfo().username;

const withStates = (command: Command, description: string): Command => command.addOption(new Option('--state <state>', description).choices(NOTIFICATION_STATES));

/** `tidemark alerts list|ack|unack` */
export const addAlertVerbs = (alerts: Command, { withApi, apiOf, print }: VerbSetting): void => {
  withJson(withApi(alerts.command('list')))
    .description('alerts that fire or are pending: since when, who has taken them on, what mutes them')
    .action(async (options: JsonOptions) => print(await listAlerts(apiOf(options), options.json)));
  withAuthor(withApi(alerts.command('ack')))
    .description('take on alerts that fire: until they end they are not repeated and do not escalate')
    .argument('<alert...>', "a fingerprint, or matchers that all must hold, such as alertname=Down 'host=~web.*'")
    .option('--comment <text>', 'what is done about them', '')
    .option('--for <duration>', 'until then at the longest')
    .action(async (named: string[], options: AuthorOptions & { comment: string; for?: string }) =>
      print(await acknowledgeAlerts(apiOf(options), { ...options, author: authorOf(options), alerts: named })),
    );
  withAuthor(withApi(alerts.command('unack')))
    .description('take that back')
    .argument('<alert...>', 'a fingerprint, or matchers')
    .action(async (named: string[], options: AuthorOptions) => print(await unacknowledgeAlerts(apiOf(options), named, { author: authorOf(options), json: options.json })));
};

interface NotificationsCommand extends JsonOptions {
  readonly state?: string;
  readonly since?: string;
  readonly receiver?: string;
  readonly limit: string;
}

interface RedeliverCommand extends AuthorOptions {
  readonly state?: string;
  readonly since?: string;
  readonly receiver?: string;
  readonly again: boolean;
  readonly dryRun: boolean;
}

/** `tidemark alerts notifications|redeliver` */
export const addNotificationVerbs = (alerts: Command, { withApi, apiOf, print, tell }: VerbSetting): void => {
  withStates(withJson(withApi(alerts.command('notifications'))), 'only those')
    .description('what became of notifications, the newest first')
    .option('--since <duration>', 'made within this time, up to 30d')
    .option('--receiver <name>', 'only its own')
    .option('--limit <count>', 'at most so many', '100')
    .action(async (options: NotificationsCommand) => print(await notifications(apiOf(options), { ...options, nowMs: Date.now() })));
  withStates(withAuthor(withApi(alerts.command('redeliver'))), 'instead of ids, with --since')
    .description('deliver notifications again, under their own ids; what a newer one has replaced is not sent')
    .argument('[id...]', 'as "alerts notifications" shows them')
    .option('--since <duration>', 'made within this time')
    .option('--receiver <name>', 'only its own')
    .option('--again', 'also what has been sent already', false)
    .option('--dry-run', 'say what would happen, and change nothing', false)
    .action(async (ids: string[], options: RedeliverCommand) => tell(await redeliverNotifications(apiOf(options), { ...options, author: authorOf(options), ids, nowMs: Date.now() })));
};

/** `tidemark silence add|preview|list|expire` */
export const addSilenceVerbs = (silence: Command, { withApi, apiOf, print }: VerbSetting): void => {
  const matchers = "that all must hold, such as alertname=Down 'host=~web.*'";
  withAuthor(withApi(silence.command('add')))
    .description('set a silence from now on, and show what it mutes')
    .argument('<matcher...>', matchers)
    .requiredOption('--for <duration>', 'how long it holds')
    .option('--comment <text>', 'why', '')
    .option('--preview', 'only show what it would mute', false)
    .action(async (given: string[], options: AuthorOptions & { for: string; comment: string; preview: boolean }) =>
      print(await addSilence(apiOf(options), { ...options, author: authorOf(options), matchers: given, nowMs: Date.now() })),
    );
  withJson(withApi(silence.command('preview')))
    .description('what a silence would mute now, and would have muted in the last 30 days')
    .argument('<matcher...>', matchers)
    .action(async (given: string[], options: JsonOptions) => print(await previewSilence(apiOf(options), given, options.json)));
  withJson(withApi(silence.command('list')))
    .description('silences that hold or will')
    .option('--all', 'also those that ended within the last five days', false)
    .action(async (options: JsonOptions & { all: boolean }) => print(await listSilences(apiOf(options), options)));
  withApi(silence.command('expire'))
    .description('end silences now')
    .argument('<id...>')
    .action(async (ids: string[], options: ApiOptions) => print(await expireSilences(apiOf(options), ids)));
};
