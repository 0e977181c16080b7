/** What may be uploaded, by the file itself. */
export const LARGEST = 15 * 1024 * 1024;

const BY_SUFFIX: Record<string, string> = {
  jpg: "image/jpeg",
  jpeg: "image/jpeg",
  png: "image/png",
  webp: "image/webp",
  gif: "image/gif",
  heic: "image/heic",
  heif: "image/heic",
};
export const ACCEPTED = "image/jpeg,image/png,image/webp,image/gif,image/heic,.heic,.heif";

/** The media type to announce: what the browser says, and for kinds it does not know (HEIC) what the name says. */
export function mediaType(file: { name: string; type: string }): string | undefined {
  const known = Object.values(BY_SUFFIX);
  if (known.includes(file.type)) return file.type;
  if (file.type === "image/heif") return "image/heic";
  return file.type ? undefined : BY_SUFFIX[file.name.split(".").at(-1)?.toLowerCase() ?? ""];
}
