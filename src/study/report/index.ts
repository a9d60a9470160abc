/**
 * What a study found: tables, figures and pages from its records. Knows records, statistics and how to draw; must not
 * know models, nor how cells are run.
 */
export {};
