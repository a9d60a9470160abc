import type { Expression, IfStatement, Slice, Statement, Target } from './ast.js';
import { countSteps, inside } from './limits.js';

/**
 * What a variable holds when its scope is entered: an argument, the value of a name that the caller of the template
 * gives, the value in the scope around, or nothing.
 */
export type Load = 'parameter' | 'context' | 'outer' | 'nothing';

/**
 * The variables of one scope. Jinja decides when it compiles a template which scope each name belongs to: a loop, a
 * macro or a block has its own scope, and a name that is assigned in it is that scope's, with the outer value to begin
 * with. A name that is only read belongs to the scope that has it. The branches of an `if` share the scope around it.
 */
export class Symbols {
  readonly #loads: Map<string, Load>;
  readonly #stores: Set<string>;
  /** The slots of the variables that were known when one was last looked for. */
  readonly #slots = new Map<string, number>();

  constructor(
    readonly parent: Symbols | null,
    loads: ReadonlyMap<string, Load> = new Map(),
    stores: ReadonlySet<string> = new Set(),
  ) {
    // The branches of every "if" copy the names before it.
    countSteps(loads.size + stores.size);
    this.#loads = new Map(loads);
    this.#stores = new Set(stores);
  }

  /** The variables, in the order of their slots, and what each holds at first. */
  get variables(): readonly (readonly [string, Load])[] {
    return [...this.#loads];
  }

  /** Returns where a variable is: the number of scopes outwards, and its slot there. Null for an unknown name. */
  find(name: string): { readonly hops: number; readonly slot: number } | null {
    let hops = 0;
    for (let scope: Symbols | null = this; scope !== null; scope = scope.parent, hops++) {
      const slot = scope.#slotOf(name);
      if (slot !== undefined) return { hops, slot };
    }
    return null;
  }

  #slotOf(name: string): number | undefined {
    if (this.#slots.size < this.#loads.size) {
      for (const [slot, variable] of [...this.#loads.keys()].entries()) this.#slots.set(variable, slot);
    }
    return this.#slots.get(name);
  }

  declare(name: string): void {
    this.#stores.add(name);
    this.#loads.set(name, 'parameter');
  }

  protected has(name: string): boolean {
    return this.#loads.has(name) || this.#isOuter(name);
  }

  #isOuter(name: string): boolean {
    return this.parent?.has(name) ?? false;
  }

  #store(name: string): void {
    this.#stores.add(name);
    if (this.#loads.has(name)) return;
    this.#loads.set(name, this.#isOuter(name) ? 'outer' : 'nothing');
  }

  #load(name: string): void {
    if (!this.has(name)) this.#loads.set(name, 'context');
  }

  /** Reads the statements of this scope, without the scopes inside it. */
  readBody(body: readonly Statement[]): void {
    for (const statement of body) this.#readStatement(statement);
  }

  #readStatement(statement: Statement): void {
    const { type } = statement;
    if (type === 'if') this.#readIf(statement);
    else if (type === 'macro') this.#store(statement.name);
    else if (type === 'output') this.readExpression(statement.expression);
    else if (type === 'for') this.readExpression(statement.iterable);
    else if (type === 'call block') this.readExpression(statement.call);
    else if (type === 'filter block') this.readExpression(statement.filter);
    else if (type === 'with') for (const value of statement.values) this.readExpression(value);
    else if (type === 'set' || type === 'set block') {
      if (type === 'set') this.readExpression(statement.value);
      this.readTarget(statement.target);
    }
  }

  #readIf({ test, body, elifs, otherwise }: IfStatement): void {
    this.readExpression(test);
    const branches = [body, elifs, otherwise].map((statements) => {
      const branch = new Symbols(this.parent, this.#loads, this.#stores);
      branch.readBody(statements);
      return branch;
    });
    const assigned = new Set(branches.flatMap((branch) => [...branch.#stores]));
    for (const name of this.#stores) assigned.delete(name);
    for (const branch of branches) {
      for (const [name, load] of branch.#loads) this.#loads.set(name, load);
      for (const name of branch.#stores) this.#stores.add(name);
    }
    // A branch may not be taken, so the name has the value from outside to begin with.
    for (const name of assigned) this.#loads.set(name, this.#isOuter(name) ? 'outer' : 'context');
  }

  /** Reads the target of an assignment. A namespace is read, not assigned. */
  readTarget(target: Target, declare = false): void {
    if (target.type === 'tuple') for (const item of target.items) this.readTarget(item, declare);
    else if (target.type === 'namespace') this.#load(target.name);
    else if (declare) this.declare(target.name);
    else this.#store(target.name);
  }

  readExpression(expression: Expression): void {
    if (expression.type === 'name') this.#load(expression.name);
    inside(() => {
      for (const child of childrenOf(expression)) this.readExpression(child);
    });
  }
}

/** Returns the expressions directly inside an expression. */
export function childrenOf(expression: Expression): readonly Expression[] {
  switch (expression.type) {
    case 'constant':
    case 'name':
      return [];
    case 'tuple':
    case 'list':
    case 'concat':
      return expression.items;
    case 'dict':
      return expression.entries.flat();
    case 'attribute':
      return [expression.object];
    case 'item':
      return [expression.object, ...indexParts(expression.index)];
    case 'unary':
      return [expression.operand];
    case 'binary':
      return [expression.left, expression.right];
    case 'compare':
      return [expression.first, ...expression.rest.map(({ operand }) => operand)];
    case 'conditional':
      return [expression.test, expression.value, expression.otherwise].filter((part) => part !== null);
    case 'call':
    case 'filter':
    case 'test': {
      const { positional, named, spread, namedSpread } = expression.args;
      const subject = expression.type === 'call' ? expression.callee : expression.operand;
      return [subject, ...positional, ...named.map(([, value]) => value), spread, namedSpread].filter(
        (part) => part !== null,
      );
    }
  }
}

const indexParts = (index: Expression | Slice): readonly Expression[] =>
  index.type === 'slice' ? [index.start, index.stop, index.step].filter((part) => part !== null) : [index];

/**
 * Returns which of some names a body reads before it assigns them, in nested scopes too. Jinja decides by this whether a
 * macro takes `caller`, `varargs` and `kwargs`, and whether a loop provides `loop`.
 */
export function readNames(body: readonly Statement[], names: readonly string[]): ReadonlySet<string> {
  const sought = new Set(names);
  const found = new Set<string>();
  const visitExpression = (expression: Expression | null): void => {
    if (expression === null) return;
    if (expression.type === 'name' && sought.has(expression.name)) found.add(expression.name);
    else childrenOf(expression).forEach(visitExpression);
  };
  const visitTarget = (target: Target): void => {
    if (target.type === 'tuple') target.items.forEach(visitTarget);
    else if (target.type === 'name') sought.delete(target.name);
  };
  const visit = (statement: Statement): void => {
    if (statement.type === 'output') visitExpression(statement.expression);
    if (statement.type === 'if') {
      visitExpression(statement.test);
      statement.body.forEach(visit);
      statement.elifs.forEach(visit);
      statement.otherwise.forEach(visit);
    }
    if (statement.type === 'for') {
      visitTarget(statement.target);
      visitExpression(statement.iterable);
      statement.body.forEach(visit);
      statement.otherwise.forEach(visit);
      visitExpression(statement.test);
    }
    if (statement.type === 'set') {
      visitTarget(statement.target);
      visitExpression(statement.value);
    }
    if (statement.type === 'set block') {
      visitTarget(statement.target);
      visitExpression(statement.filter);
      statement.body.forEach(visit);
    }
    if (statement.type === 'macro' || statement.type === 'call block') {
      if (statement.type === 'call block') visitExpression(statement.call);
      for (const { name } of statement.parameters) sought.delete(name);
      for (const parameter of statement.parameters) visitExpression(parameter.default);
      statement.body.forEach(visit);
    }
    if (statement.type === 'filter block') {
      statement.body.forEach(visit);
      visitExpression(statement.filter);
    }
    if (statement.type === 'with') {
      statement.targets.forEach(visitTarget);
      statement.values.forEach(visitExpression);
      statement.body.forEach(visit);
    }
    if (statement.type === 'generation') statement.body.forEach(visit);
  };
  body.forEach(visit);
  return found;
}
