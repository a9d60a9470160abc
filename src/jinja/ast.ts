import type { Value } from './values.js';

/** An expression of a template. */
export type Expression = { readonly line: number } & (
  | { readonly type: 'constant'; readonly value: Value }
  | { readonly type: 'name'; readonly name: string }
  | { readonly type: 'tuple' | 'list' | 'concat'; readonly items: readonly Expression[] }
  | { readonly type: 'dict'; readonly entries: readonly (readonly [Expression, Expression])[] }
  | { readonly type: 'attribute'; readonly object: Expression; readonly name: string }
  | { readonly type: 'item'; readonly object: Expression; readonly index: Expression | Slice }
  | { readonly type: 'call'; readonly callee: Expression; readonly args: CallArguments }
  | FilterExpression
  | {
      readonly type: 'test';
      readonly operand: Expression;
      readonly name: string;
      readonly args: CallArguments;
    }
  | { readonly type: 'unary'; readonly operator: '-' | '+' | 'not'; readonly operand: Expression }
  | {
      readonly type: 'binary';
      readonly operator: BinaryOperator;
      readonly left: Expression;
      readonly right: Expression;
    }
  | { readonly type: 'compare'; readonly first: Expression; readonly rest: readonly Comparison[] }
  | {
      readonly type: 'conditional';
      readonly test: Expression;
      readonly value: Expression;
      readonly otherwise: Expression | null;
    }
);

/** A filter; its operand is null if the filter is applied to a block. */
export interface FilterExpression {
  readonly type: 'filter';
  readonly line: number;
  readonly operand: Expression | null;
  readonly name: string;
  readonly args: CallArguments;
}

export type CallExpression = Extract<Expression, { type: 'call' }>;
export type BinaryOperator = '+' | '-' | '*' | '/' | '//' | '%' | '**' | 'and' | 'or';
export type CompareOperator = '==' | '!=' | '<' | '<=' | '>' | '>=' | 'in' | 'not in';

export interface Comparison {
  readonly operator: CompareOperator;
  readonly operand: Expression;
}

/** `start:stop:step` in square brackets. */
export interface Slice {
  readonly type: 'slice';
  readonly start: Expression | null;
  readonly stop: Expression | null;
  readonly step: Expression | null;
}

export interface CallArguments {
  readonly positional: readonly Expression[];
  readonly named: readonly (readonly [string, Expression])[];
  /** The argument written `*x`. */
  readonly spread: Expression | null;
  /** The argument written `**x`. */
  readonly namedSpread: Expression | null;
}

/** What an assignment assigns to. */
export type Target = { readonly line: number } & (
  | { readonly type: 'name'; readonly name: string }
  | { readonly type: 'tuple'; readonly items: readonly Target[] }
  /** An attribute of a namespace. */
  | { readonly type: 'namespace'; readonly name: string; readonly attribute: string }
);

export interface Parameter {
  readonly name: string;
  readonly default: Expression | null;
}

/** A statement of a template. */
export type Statement = { readonly line: number } & (
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'output'; readonly expression: Expression }
  | ForStatement
  | IfStatement
  | { readonly type: 'set'; readonly target: Target; readonly value: Expression }
  | {
      readonly type: 'set block';
      readonly target: Target;
      readonly filter: Expression | null;
      readonly body: readonly Statement[];
    }
  | MacroStatement
  | CallStatement
  | { readonly type: 'filter block'; readonly filter: Expression; readonly body: readonly Statement[] }
  | {
      readonly type: 'with';
      readonly targets: readonly Target[];
      readonly values: readonly Expression[];
      readonly body: readonly Statement[];
    }
  /** `{% generation %}`: transformers marks the answers with it; here it only opens a scope. */
  | { readonly type: 'generation'; readonly body: readonly Statement[] }
  | { readonly type: 'break' | 'continue' }
);

export interface ForStatement {
  readonly type: 'for';
  readonly line: number;
  readonly target: Target;
  readonly iterable: Expression;
  readonly test: Expression | null;
  readonly isRecursive: boolean;
  readonly body: readonly Statement[];
  readonly otherwise: readonly Statement[];
}

export interface IfStatement {
  readonly type: 'if';
  readonly line: number;
  readonly test: Expression;
  readonly body: readonly Statement[];
  readonly elifs: readonly IfStatement[];
  readonly otherwise: readonly Statement[];
}

export interface MacroStatement {
  readonly type: 'macro';
  readonly line: number;
  readonly name: string;
  readonly parameters: readonly Parameter[];
  readonly body: readonly Statement[];
}

export interface CallStatement {
  readonly type: 'call block';
  readonly line: number;
  readonly parameters: readonly Parameter[];
  readonly call: CallExpression;
  readonly body: readonly Statement[];
}
