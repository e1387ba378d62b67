import { parseRetentionClasses, type Retention, shortestRetention } from '../shared/config.ts';
import type { Settings } from './settings.ts';

/** By which samples are judged when they arrive, before and after anybody knows of which class they are. */
export const takenFor = ({ retention, retentionClasses }: Settings): Retention => shortestRetention(retention, parseRetentionClasses(retentionClasses));
