/** Uploading pictures, and the pictures of a day. */
import { useEffect, useRef, useState } from "preact/hooks";
import { listImages } from "../api.ts";
import { t, locale } from "../i18n/index.ts";
import { bytes, isDay, localDay, longDay } from "../lib/format.ts";
import type { Image, Picture } from "../lib/schema.ts";
import { ACCEPTED, LARGEST, mediaType } from "../lib/uploads.ts";
import { readingLanguage } from "../state.ts";
import { Empty, errorText, Failure, Spinner, Title } from "../ui/basics.tsx";
import { FileDrop } from "../ui/FileDrop.tsx";
import { One } from "../ui/Pictures.tsx";
import { Whole } from "../ui/PictureDialog.tsx";
import { post, recognised, start } from "../upload.ts";
import { DayChooser } from "./Day.tsx";

interface Item {
  id: number;
  name: string;
  size: number;
  state: "waiting" | "sending" | "recognising" | "done" | "failed";
  part: number;
  detail?: string;
  image?: Image;
}

let numbers = 0;

export function PicturesPage({ day }: { day: string | undefined }) {
  const chosen = day && isDay(day) ? day : localDay(Date.now());
  const [finished, setFinished] = useState(0);
  return (
    <main class="page" id="content">
      <header class="page-head">
        <Title>{t("pictures.title")}</Title>
      </header>
      <Upload onDone={() => setFinished((count) => count + 1)} />
      <section class="stack" aria-label={t("pictures.gallery")}>
        <div class="page-head">
          <h2>
            {t("pictures.gallery")} · {longDay(chosen, locale.value)}
          </h2>
          <DayChooser day={chosen} page="pictures" />
        </div>
        <Gallery key={`${chosen}-${finished}`} day={chosen} />
      </section>
    </main>
  );
}

function Upload({ onDone }: { onDone: () => void }) {
  const [items, setItems] = useState<Item[]>([]);
  const queue = useRef<Promise<void>>(Promise.resolve());
  const change = (id: number, some: Partial<Item>) =>
    setItems((all) => all.map((item) => (item.id === id ? { ...item, ...some } : item)));
  const add = (files: Iterable<File>) => {
    for (const file of files) {
      const id = ++numbers;
      const item: Item = { id, name: file.name, size: file.size, state: "waiting", part: 0 };
      setItems((all) => [item, ...all]);
      // One after another: a phone's connection carries one picture faster than five.
      queue.current = queue.current.then(() =>
        send(file, (some) => change(id, some)).then((done) => {
          if (done) onDone();
        }),
      );
    }
  };
  return (
    <section class="card" aria-label={t("pictures.upload")}>
      <FileDrop
        prompt={t("pictures.drop")}
        choose={t("pictures.choose")}
        accept={ACCEPTED}
        multiple
        onFiles={add}
        testid="file"
      >
        <p class="muted small">{t("pictures.kinds")}</p>
      </FileDrop>
      {items.length > 0 && (
        <ul class="uploads" aria-label={t("pictures.queue")} aria-live="polite">
          {items.map((item) => (
            <UploadItem key={item.id} item={item} />
          ))}
        </ul>
      )}
    </section>
  );
}

async function send(file: File, change: (some: Partial<Item>) => void): Promise<boolean> {
  const type = mediaType(file);
  if (!type) {
    change({ state: "failed", detail: t("pictures.notPicture") });
    return false;
  }
  if (file.size > LARGEST) {
    change({ state: "failed", detail: t("pictures.tooLarge") });
    return false;
  }
  try {
    change({ state: "sending" });
    const upload = await start(type);
    await post(upload, file, (part) => change({ part }));
    change({ state: "recognising", part: 1 });
    const image = await recognised(upload.imageId);
    change(image ? { state: "done", image } : { state: "done", detail: t("pictures.slow") });
    return true;
  } catch (error) {
    change({ state: "failed", detail: `${t("pictures.uploadFailed")} ${errorText(error)}` });
    return false;
  }
}

function UploadItem({ item }: { item: Item }) {
  const percent = Math.round(item.part * 100);
  const refused = item.image?.status === "refused";
  return (
    <li class="upload" data-testid="upload" data-state={refused ? "refused" : item.state}>
      <div class="upload-head">
        <span class="upload-name">
          {item.name} <span class="muted">{bytes(item.size, locale.value)}</span>
        </span>
        <span class={item.state === "failed" || refused ? "bad" : "muted"}>
          {refused ? t("picture.refused") : t(`pictures.state.${item.state}`, { percent })}
        </span>
      </div>
      {(item.state === "sending" || item.state === "recognising") && (
        <progress aria-label={item.name} value={item.state === "sending" ? percent : undefined} max={100} />
      )}
      {item.detail && <p class="note">{item.detail}</p>}
      {refused && <p class="note">{item.image?.reason}</p>}
      {item.image && !refused && <Whole image={item.image} reader={readingLanguage.value} />}
    </li>
  );
}

function Gallery({ day }: { day: string }) {
  const [state, setState] = useState<{
    images: Picture[];
    cursor?: string | undefined;
    loading: boolean;
    error?: unknown;
  }>({ images: [], loading: true });
  const load = async (cursor?: string) => {
    setState((old) => ({ images: old.images, loading: true }));
    try {
      const page = await listImages(day, cursor);
      setState((old) => ({ images: [...old.images, ...page.items], cursor: page.cursor, loading: false }));
    } catch (error) {
      setState((old) => ({ images: old.images, loading: false, error }));
    }
  };
  useEffect(() => void load(), []);
  const { images, cursor, loading, error } = state;
  return (
    <>
      {images.length > 0 && (
        <div class="gallery" data-testid="gallery">
          {images.map((picture) => (
            <One key={picture.imageId} picture={picture} reader={readingLanguage.value} />
          ))}
        </div>
      )}
      {loading && <Spinner />}
      {error !== undefined && <Failure error={error} retry={() => void load()} />}
      {!loading && !error && !images.length && (
        <Empty icon="picture" title={t("pictures.empty")} hint={t("pictures.emptyHint")} />
      )}
      {cursor && (
        <p class="top">
          <button type="button" class="button" onClick={() => void load(cursor)}>
            {t("pictures.more")}
          </button>
        </p>
      )}
    </>
  );
}
