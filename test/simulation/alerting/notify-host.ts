import { notify, type NotifyPorts } from '../../../functions/notify/notify.ts';
import type { PublishedNotification } from '../../../shared/alerting/publish.ts';
import { noSecretFiles } from '../../../shared/channels/secret.ts';
import { PermanentError } from '../../../shared/errors.ts';
import type { Faults } from '../faults.ts';
import { SimProcess } from '../process.ts';
import type { SimItems } from '../sim-items.ts';
import { alertmanager } from './alert-files.ts';
import type { DeliveryInvariants } from './delivery-invariants.ts';
import type { SimReceivers } from './sim-receivers.ts';
import type { Handled } from './sim-topic.ts';

export interface NotifyHostOptions {
  readonly faults: Faults;
  readonly alerts: SimItems;
  readonly receivers: SimReceivers;
  readonly watch: DeliveryInvariants;
  readonly skewMs: number;
}

const noMail: NotifyPorts['createTransport'] = () => {
  throw new PermanentError('send mail: no receiver of the simulation has an address');
};

/** The notify function: one process per message, which may die at any call. */
export const makeNotifyHost = ({ faults, alerts, receivers, watch, skewMs }: NotifyHostOptions): ((notification: PublishedNotification) => Promise<Handled>) => {
  const { scheduler } = faults;
  let started = 0;
  return async (notification) => {
    const process = new SimProcess(`notify-${started++}`);
    const beganMs = scheduler.nowMs();
    watch.attemptBegins(notification.id);
    const ports: NotifyPorts = {
      alerts: alerts.through(faults, process, 'alerts'),
      alertmanager: async () => alertmanager,
      fetch: receivers.fetchFor(process, notification.id, beganMs),
      createTransport: noMail,
      readSecret: noSecretFiles,
    };
    const ended = await process.run(() => notify(ports, notification, { nowMs: beganMs + scheduler.random.int(-skewMs, skewMs) }));
    if (ended.end === 'failed' && ended.error instanceof PermanentError) throw ended.error;
    return ended.end === 'done' ? ended.value : undefined;
  };
};
