/** Icons as strokes on a 24-unit square, drawn for this console. They are decoration: the words beside them say it too. */
const PATHS = {
  chat: "M4 5h16v11H9l-5 4z",
  room: "M8 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM2.5 19c.4-3.2 2.6-5 5.500-5s5.100 1.800 5.500 5M16 11.500a2.500 2.500 0 1 0 0-5M16.500 14c2.700.2 4.600 2 5 5",
  chart: "M4 20V4M4 20h16M8.500 16v-5M13 16V7M17.500 16v-7",
  picture: "M4 5h16v14H4zM4 16l4.500-4.500 4 4 2.500-2.500 5 5M15.500 9.500h.01",
  settings: "M4 7h9M17 7h3M15 5v4M4 12h3M11 12h9M9 10v4M4 17h11M19 17h1M17 15v4",
  book: "M5 4h13.500v16H7a2 2 0 0 1-2-2zM5 18a2 2 0 0 1 2-2h11.500M9 8h5.500",
  ask: "M4 4.500h16v12H9.500L4 20.500zM9.900 8.700a2.200 2.200 0 1 1 3.200 2c-.7.4-1.100.8-1.100 1.400M12 14h.01",
  digest: "M5 3.500h14v17H5zM8 7.500h8M8 11.500h8M8 15.500h4.500",
  mail: "M3.500 6h17v12h-17zM4 7l8 6 8-6",
  more: "M5.500 12h.01M12 12h.01M18.500 12h.01",
  plus: "M12 5v14M5 12h14",
  trash: "M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13",
  download: "M12 4v12M7 11l5 5 5-5M4 16v4h16v-4",
  help: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM9.600 9.500a2.500 2.500 0 1 1 3.700 2.200c-.9.5-1.300 1-1.300 2M12 16.800h.01",
  exit: "M10 4H5v16h5M15 8l4 4-4 4M19 12H9.500",
  search: "M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14zM16 16l4.500 4.500",
  back: "M15 5l-7 7 7 7",
  forward: "M9 5l7 7-7 7",
  send: "M4 12 20 4l-5 16-4-6.500z M11 13.500 20 4",
  clock: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM12 7v5l3.500 2",
  check: "M4.500 12.500l5 5L19.500 7",
  checks: "M2 12.500l4.500 4.500L15 8M11 16l1 1L21 8",
  warning: "M12 3.500 22 20H2zM12 10v4.500M12 17.300h.01",
  blocked: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM5.700 5.700l12.600 12.600",
  flag: "M5 21V4h12l-2.500 4 2.500 4H5",
  copy: "M9 9h11v11H9zM5 15H4V4h11v1",
  file: "M6 3h8l4 4v14H6zM14 3v4h4",
  close: "M5.500 5.500l13 13M18.500 5.500l-13 13",
  eye: "M2.500 12S6 5.500 12 5.500 21.500 12 21.500 12 18 18.500 12 18.500 2.500 12 2.500 12zM12 14.500a2.500 2.500 0 1 0 0-5 2.500 2.500 0 0 0 0 5z",
  frame: "M4 8V4h4M16 4h4v4M20 16v4h-4M8 20H4v-4M9 9h6v6H9z",
  upload: "M12 16V4M7 9l5-5 5 5M4 16v4h16v-4",
  down: "M12 4v15M6 13.500l6 6 6-6",
  robot: "M5 9h14v10H5zM12 9V5M9 13.500h.01M15 13.500h.01M9.500 16.500h5",
  report: "M6 3h12v18H6zM9 8h6M9 12h6M9 16h3.500",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}
