/** Routing trees that use every notation of matchers, `continue`, empty values and escapes. */
const RECEIVERS = `receivers: [${['default', 'a', 'b', 'c', 'd', 'e', 'f'].map((name) => `{name: ${name}}`).join(', ')}]`;

export const ROUTING_CONFIGS: readonly string[] = [
  `route:
  receiver: default
  routes:
    - {matchers: [severity="page"], receiver: a}
    - {matchers: [team=~"db|web"], receiver: b}
${RECEIVERS}
`,
  `route:
  receiver: default
  group_by: [...]
  routes:
    - matchers: ['team="db"', 'host!~"web-.*"']
      receiver: a
      continue: true
      routes:
        - {matchers: ['severity!=page'], receiver: b}
        - {match: {env: prod}, receiver: c}
    - {match_re: {host: 'db-[0-9]+|web-1'}, receiver: d, continue: true}
    - {matchers: ['{severity=~"page|warn", env!="test"}'], receiver: e}
${RECEIVERS}
`,
  `route:
  receiver: default
  routes:
    - receiver: a
      continue: true
    - receiver: b
      matchers: ['env=""']
      continue: true
    - receiver: c
      matchers: ['note=~".*\\"quoted\\".*"']
    - receiver: d
      matchers: [note=plain]
      routes:
        - {receiver: e, match_re: {env: 'prod|'}}
        - {receiver: f, matchers: ['env!~"|prod"'], continue: true}
${RECEIVERS}
`,
  `route:
  receiver: default
  routes:
    - matchers: ['env=prod,team=web']
      routes:
        - matchers: [severity=page]
          routes:
            - {matchers: ['host=~"web-[12]"'], receiver: a, continue: true}
            - {matchers: ['host=~"web-[23]"'], receiver: b}
          receiver: c
        - {matchers: ['severity=~"(?i)WARN"'], receiver: d}
    - {matchers: ['team=~"[a-z]b"'], receiver: e}
    - {match: {team: ''}, receiver: f}
${RECEIVERS}
`,
  `route:
  receiver: default
  routes:
    - {matchers: ['host=~"web-1|db-1$"'], receiver: a, continue: true}
    - {matchers: ['host=~"^db"'], receiver: b, continue: true}
    - {matchers: ['host=~"db.+"'], receiver: c, continue: true}
    - matchers: ['severity!~"page|warn"', 'team!=""']
      receiver: d
    - {match: {env: prod, severity: page}, match_re: {team: '.+'}, receiver: e, continue: true}
    - {matchers: ['env = "prod"', ' note != plain '], receiver: f}
${RECEIVERS}
`,
];

const VALUES: Readonly<Record<string, readonly string[]>> = {
  severity: ['page', 'warn', 'info'],
  team: ['db', 'web', 'ab', ''],
  env: ['prod', 'test'],
  host: ['web-1', 'web-2', 'web-3', 'db-1', 'db-12'],
  note: ['plain', 'a "quoted" word'],
};

/** Label sets, each label there or not, by a fixed generator. */
export const labelSets = (count: number, seed: number): readonly (readonly string[])[] => {
  let state = seed;
  const next = (below: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0; // Numerical Recipes' generator
    return Math.floor((state / 2 ** 32) * below);
  };
  return Array.from({ length: count }, () =>
    Object.entries(VALUES).flatMap(([name, values]) => (next(4) === 0 ? [] : [`${name}=${values[next(values.length)] as string}`])),
  );
};
