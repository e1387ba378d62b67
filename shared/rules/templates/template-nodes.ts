/** Nodes know their place, so that an error while they run names line, column and text as Go does. */
interface Placed {
  readonly at: number;
}

export type Operand =
  | (Placed & { readonly kind: 'function'; readonly name: string })
  | (Placed & { readonly kind: 'field'; readonly names: readonly string[] })
  | (Placed & { readonly kind: 'variable'; readonly name: string; readonly names: readonly string[] })
  | (Placed & { readonly kind: 'chain'; readonly of: Pipe; readonly names: readonly string[] })
  | (Placed & { readonly kind: 'dot' })
  | (Placed & { readonly kind: 'nil' })
  /** `text` as it was written. */
  | (Placed & { readonly kind: 'constant'; readonly value: string | number | bigint | boolean; readonly text: string })
  | Pipe;

export interface Command extends Placed {
  readonly kind: 'command';
  readonly args: readonly Operand[];
}

export interface Pipe extends Placed {
  readonly kind: 'pipe';
  /** Variables that take its value: `$x :=`, or `$x =` with `assigns`; two in a range. */
  readonly variables: readonly string[];
  readonly assigns: boolean;
  readonly commands: readonly Command[];
}

/** `{{if}}`, `{{with}}`, `{{range}}`. */
export interface Control extends Placed {
  readonly kind: 'if' | 'with' | 'range';
  readonly pipe: Pipe;
  readonly body: Block;
  readonly otherwise: Block | undefined;
}

export type Statement =
  | Control
  | (Placed & { readonly kind: 'text'; readonly text: string })
  | (Placed & { readonly kind: 'action'; readonly pipe: Pipe })
  | (Placed & { readonly kind: 'template'; readonly name: string; readonly pipe: Pipe | undefined })
  | (Placed & { readonly kind: 'break' })
  | (Placed & { readonly kind: 'continue' });

export type Block = readonly Statement[];

/** A node's text as Go's parser prints it. */
export const nodeText = (node: Operand | Command | Statement): string => {
  switch (node.kind) {
    case 'function':
      return node.name;
    case 'field':
      return fieldsText(node.names);
    case 'variable':
      return node.name + fieldsText(node.names);
    case 'chain':
      return `(${nodeText(node.of)})${fieldsText(node.names)}`;
    case 'dot':
      return '.';
    case 'nil':
      return 'nil';
    case 'constant':
    case 'text':
      return node.text;
    case 'command':
      return node.args.map((arg) => (arg.kind === 'pipe' ? `(${nodeText(arg)})` : nodeText(arg))).join(' ');
    case 'pipe':
      return pipeText(node);
    case 'action':
      return `{{${nodeText(node.pipe)}}}`;
    case 'template':
      return `{{template ${JSON.stringify(node.name)}${node.pipe === undefined ? '' : ` ${nodeText(node.pipe)}`}}}`;
    case 'break':
    case 'continue':
      return `{{${node.kind}}}`;
    default:
      return `{{${node.kind} ${nodeText(node.pipe)}}}`;
  }
};

const fieldsText = (names: readonly string[]): string => names.map((name) => `.${name}`).join('');

const pipeText = ({ variables, assigns, commands }: Pipe): string => {
  const head = variables.length === 0 ? '' : `${variables.join(', ')} ${assigns ? '=' : ':='} `;
  return head + commands.map(nodeText).join(' | ');
};
