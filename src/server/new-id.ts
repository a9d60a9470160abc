import { randomUUID } from 'node:crypto';

/** Returns an id that no other has. @param prefix what it begins with: `req_`, `chatcmpl-` */
export const newId = (prefix: string): string => `${prefix}${randomUUID().replaceAll('-', '')}`;
