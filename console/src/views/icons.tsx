/** The console's icons: strokes on a 20-unit square, always beside or under a word for those who cannot see them. */

const PATHS = {
  sms: "M4 4.5h12a1.5 1.5 0 0 1 1.5 1.5v6.5A1.5 1.5 0 0 1 16 14H9l-3.5 3v-3H4a1.5 1.5 0 0 1-1.5-1.5V6A1.5 1.5 0 0 1 4 4.5ZM6.5 9.25h.01M10 9.25h.01M13.5 9.25h.01",
  wechat: "M8 3.5c-3.3 0-6 2.1-6 4.8 0 1.5.8 2.8 2.2 3.7l-.6 2 2.2-1.1a8 8 0 0 0 1.7.2M8 3.5c3 0 5.5 1.7 6 4M12.8 8c-2.9 0-5.2 1.9-5.2 4.3s2.3 4.2 5.2 4.2c.6 0 1.2-.1 1.7-.2l2 1-.5-1.8c1.2-.8 2-1.9 2-3.2C18 9.9 15.7 8 12.8 8Z",
  web: "M10 2.5a7.5 7.5 0 1 0 0 15 7.5 7.5 0 0 0 0-15ZM2.5 10h15M10 2.5c2 2 3 4.6 3 7.5s-1 5.5-3 7.5c-2-2-3-4.6-3-7.5s1-5.5 3-7.5Z",
  search: "M9 3.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11ZM13 13l4 4",
  send: "M3 10 17 3.5 13.5 17l-3.8-5.2L3 10Zm6.7 1.8L17 3.5",
  help: "M7.5 7.5A2.5 2.5 0 1 1 10 10v1.8M10 14.6h.01M10 2.5a7.5 7.5 0 1 0 0 15 7.5 7.5 0 0 0 0-15Z",
  bell: "M5 14V9a5 5 0 0 1 10 0v5l1.5 1.5h-13L5 14ZM8.5 17.5h3",
  bell_off: "M5 14V9c0-.9.2-1.7.6-2.4M8 4.4A5 5 0 0 1 15 9v3m-1 3.5H3.5L5 14M8.5 17.5h3M3 3l14 14",
  theme: "M10 2.5a7.5 7.5 0 1 0 0 15Zm0 0a7.5 7.5 0 0 1 0 15",
  logout: "M8 3.5H4.5v13H8M8.5 10H17m-3.5-3.5L17 10l-3.5 3.5",
  back: "M12.5 4 6.5 10l6 6",
  requeue: "M4 7h9a3.5 3.5 0 0 1 0 7H8M7 3.5 3.5 7 7 10.5",
  close: "m4 10.5 4 4 8-9",
  panel: "M3 4h14v12H3V4Zm9 0v12",
  down: "m5 8 5 5 5-5",
  waiting: "M10 2.5a7.5 7.5 0 1 0 0 15 7.5 7.5 0 0 0 0-15ZM10 6v4.3l2.7 1.7",
  sent: "m4.5 10.5 3.5 3.5 7.5-8",
  delivered: "m2 10.5 3.5 3.5L13 6M9.5 13l1 1L18 6",
  failed: "M10 2.5a7.5 7.5 0 1 0 0 15 7.5 7.5 0 0 0 0-15ZM10 6v5M10 13.8h.01",
  unknown: "M7.5 7.5A2.5 2.5 0 1 1 10 10v1.8M10 14.6h.01",
  bot: "M4 7.5h12v8.5H4V7.5ZM10 7.5V4M7.5 11h.01M12.5 11h.01M8 13.8h4",
  image: "M3 4h14v12H3V4Zm0 9.5 4-4 3.5 3.5L13 10.5l4 4M12.5 7.5h.01",
  voice: "M10 2.5a2.5 2.5 0 0 0-2.5 2.5v5a2.5 2.5 0 0 0 5 0V5A2.5 2.5 0 0 0 10 2.5ZM5 9.5a5 5 0 0 0 10 0M10 14.5v3",
  location: "M10 17.5S4.5 12.5 4.5 8a5.5 5.5 0 0 1 11 0c0 4.5-5.5 9.5-5.5 9.5ZM10 6.5a1.7 1.7 0 1 0 0 3.4 1.7 1.7 0 0 0 0-3.4Z",
  link: "M8.5 11.5a3 3 0 0 0 4.3 0l2.7-2.7a3 3 0 0 0-4.3-4.3l-1 1M11.5 8.5a3 3 0 0 0-4.3 0l-2.7 2.7a3 3 0 0 0 4.3 4.3l1-1",
  file: "M5 2.5h6.5L15 6v11.5H5v-15ZM11.5 2.5V6H15",
  book: "M10 5.5C8 4 5.5 3.8 3 4v11c2.5-.2 5 0 7 1.5 2-1.5 4.5-1.7 7-1.5V4c-2.5-.2-5 0-7 1.5Zm0 0v11",
  spark: "M10 2.5 11.7 8.3 17.5 10l-5.8 1.7L10 17.5l-1.7-5.8L2.5 10l5.8-1.7L10 2.5Z",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 20 20" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}

export const iconFor = (name: string, otherwise: IconName): IconName =>
  name in PATHS ? (name as IconName) : otherwise;

/** The mark: a gate on the post road. */
export function Mark() {
  return (
    <svg class="mark" viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="8" />
      <path d="M5.5 11.5C10 11 13 9.5 16 6.5c3 3 6 4.5 10.5 5M9.5 12v13.5M22.5 12v13.5M9.5 16.5h13M14 25.5v-4a2 2 0 0 1 4 0v4" />
    </svg>
  );
}
