import type { ComponentChildren } from 'preact';

/** A table that scrolls sideways where it is too wide, by the keyboard too. */
export function ScrollTable({
  label,
  children,
}: {
  readonly label: string;
  readonly children: ComponentChildren;
}) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: only what has the focus can be scrolled by the keyboard
    <section class="scroll" tabIndex={0} aria-label={label}>
      <table>{children}</table>
    </section>
  );
}
