/** Letters, digits and underscores, a letter first: it stands in object keys and in names of tables. */
export const CLASS_NAME = /^[a-z][a-z0-9_]{0,30}$/;

/** In front of every object key and catalog partition of a retention class. The default class has none. */
export const classPrefix = (name: string): string => `classes/${name}/`;
