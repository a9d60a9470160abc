import type { Rule } from './rule.js';

/**
 * Returns the kinds of rules that a judge consists of, such as `contains + count`: what its errors depend on. The rules
 * about contained texts count as one kind; an instruction of IFEval is a kind of its own.
 */
export function ruleGroup(rule: Rule): string {
  return [...new Set(kindsOf(rule))].sort().join(' + ');
}

function kindsOf(rule: Rule): string[] {
  if (rule.rule === 'all' || rule.rule === 'any' || rule.rule === 'mean') return rule.of.flatMap(kindsOf);
  if (rule.rule === 'ifeval') return [rule.instruction];
  return [rule.rule.startsWith('contains-') ? 'contains' : rule.rule];
}
