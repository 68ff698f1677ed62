/**
 * @tanstack/virtual-core in a Preact component: renders only the rows in sight, measured as they
 * come. Two things a conversation needs are ours: rows that come in above keep what is being read
 * where it is (`anchor`), and a list that was at its end stays there (`stick`).
 */
import { observeElementOffset, observeElementRect, Virtualizer, type VirtualizerOptions } from "@tanstack/virtual-core";
import { useLayoutEffect, useReducer, useRef, useState } from "preact/hooks";

type Virtual = Virtualizer<HTMLElement, HTMLElement>;
type Options = VirtualizerOptions<HTMLElement, HTMLElement>;
type Given = "observeElementRect" | "observeElementOffset" | "scrollToFn" | "onChange" | "getItemKey";

interface Wanted extends Omit<Options, Given> {
  /** Must stay the same function while the rows stay the same. */
  getItemKey: (index: number) => string;
  anchor?: boolean;
  stick?: { current: boolean };
}

export function useVirtual({ anchor, stick, ...options }: Wanted): Virtual {
  const [, bump] = useReducer((n: number) => n + 1, 0);
  const redraw = (): void => bump(undefined);
  const moved = useRef(false);
  const all: Options = {
    observeElementRect: (v, told) =>
      observeElementRect(v, (rect) => {
        told(rect);
        redraw();
      }),
    observeElementOffset,
    scrollToFn: (offset, { adjustments = 0 }, v) => {
      moved.current = false;
      if (v.scrollElement) v.scrollElement.scrollTop = offset + adjustments;
    },
    onChange: redraw,
    ...options,
  };
  const [virtual] = useState(() => new Virtualizer<HTMLElement, HTMLElement>(all));
  if (anchor && options.getItemKey !== virtual.options.getItemKey) moved.current = rebase(virtual, all);
  else virtual.setOptions(all);
  useLayoutEffect(() => virtual._didMount(), []);
  useLayoutEffect(() => {
    virtual._willUpdate();
    const el = virtual.scrollElement;
    if (!el) return;
    if (stick?.current) el.scrollTop = el.scrollHeight;
    else if (moved.current && virtual.scrollOffset !== null) el.scrollTop = virtual.scrollOffset;
    moved.current = false;
  });
  return virtual;
}

/** New rows: moves the offset along with the row that is at the top of what is read. Answers whether it moved. */
function rebase(virtual: Virtual, all: Options): boolean {
  const offset = virtual.scrollOffset;
  const top = offset === null ? undefined : virtual.getVirtualItemForOffset(offset);
  virtual.setOptions(all);
  virtual.getTotalSize(); // Lays the new rows out.
  const now = top && virtual.measurementsCache.find((m) => m.key === top.key);
  if (offset === null || !top || !now || now.start === top.start) return false;
  virtual.scrollOffset = offset + now.start - top.start;
  return true;
}
