/** Uploading a picture: a signed form, the file, then waiting for its record. */
import { ApiError, createUpload, getImage } from "./api.ts";
import type { Image, Upload } from "./lib/schema.ts";

/** How long to wait for a record: a burst of pictures takes a while. */
const PATIENCE_MS = 90_000;
const POLL_MS = 1_500;

/** Posts the file to storage. `progress` is told how much is there, 0 to 1. Rejects with ApiError. */
export function post({ upload }: Upload, file: File, progress: (part: number) => void): Promise<void> {
  const form = new FormData();
  for (const [name, value] of Object.entries(upload.fields)) form.append(name, value);
  form.append("file", file);
  return new Promise((resolve, reject) => {
    // fetch cannot tell how far an upload is.
    const request = new XMLHttpRequest();
    request.upload.onprogress = ({ loaded, total }) => progress(total ? loaded / total : 0);
    request.onload = () => (request.status < 300 ? resolve() : reject(new ApiError(request.status, "")));
    request.onerror = () => reject(new ApiError(0, ""));
    request.open("POST", upload.url);
    request.send(form);
  });
}

/** The picture's record once it is there; nothing when it takes longer than anybody waits. */
export async function recognised(imageId: string): Promise<Image | undefined> {
  const end = Date.now() + PATIENCE_MS;
  while (Date.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    try {
      return await getImage(imageId);
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 404) throw error;
    }
  }
  return undefined;
}

export async function start(contentType: string): Promise<Upload> {
  return createUpload(contentType);
}
