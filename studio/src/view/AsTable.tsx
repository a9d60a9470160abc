import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { isStill } from '../state/view.js';

/** A table that is drawn while it is open: a closed one costs nothing when its numbers change. */
export function AsTable({ children }: { readonly children: ComponentChildren }) {
  const isOpen = useSignal(false);
  return (
    <details
      class="as-table"
      onToggle={({ currentTarget }) => {
        isOpen.value = currentTarget.open;
      }}
    >
      <summary>as a table</summary>
      {(isOpen.value || isStill.value) && children}
    </details>
  );
}
