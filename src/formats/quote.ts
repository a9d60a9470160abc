/** A name from a file as errors show it: quoted, and cut where it is absurdly long. */
export function quote(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}
