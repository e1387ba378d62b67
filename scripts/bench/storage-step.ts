import { STEPS } from './storage-steps.ts';

// The process of one step: `storage-step.ts <step> <folder> <regular | jittered>`. Its figures go to stdout as one JSON array.
const [name = '', folder = '', timing] = process.argv.slice(2);
if (!Object.hasOwn(STEPS, name)) throw new Error(`storage step ${name}: found no such step, ${Object.keys(STEPS).join(', ')} are allowed`);
const figures = await STEPS[name as keyof typeof STEPS](folder, timing === 'jittered');
const peakMb = Math.round(process.resourceUsage().maxRSS / 1024);
process.stdout.write(JSON.stringify([...figures, { metric: 'peak_rss_mb', value: peakMb, unit: 'MB' }]));
