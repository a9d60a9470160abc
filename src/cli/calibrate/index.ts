/**
 * `holdfast calibrate` and `holdfast audit`: one system prompt on one model. Loaded only when one is called.
 */
export { addAuditCommand } from './audit.js';
export { addCalibrateCommand } from './calibrate.js';
