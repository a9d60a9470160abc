/** The version of Holdfast that built the page. */
declare const __VERSION__: string;

declare module '*.css';
