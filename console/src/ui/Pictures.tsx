/** Pictures and files that came with a message, and the large view of one picture. */
import { useEffect, useRef, useState } from "preact/hooks";
import { getImage } from "../api.ts";
import { type Key, maybe, locale, t, uiLanguage } from "../i18n/index.ts";
import { bytes, languageName } from "../lib/format.ts";
import type { Image, Picture, Translation } from "../lib/schema.ts";
import { Failure, Spinner, useLoad, Words } from "./basics.tsx";
import { Icon } from "./icons.tsx";
import { PictureDialog } from "./PictureDialog.tsx";

/** Tells when something is about to be seen. */
export function useSeen<T extends Element>() {
  const ref = useRef<T>(null);
  const [seen, setSeen] = useState(false);
  useEffect(() => {
    const element = ref.current;
    if (!element || seen) return undefined;
    const observer = new IntersectionObserver(
      (entries) => entries.some((entry) => entry.isIntersecting) && setSeen(true),
      { root: element.closest(".messages"), rootMargin: "600px" },
    );
    observer.observe(element);
    return () => observer.disconnect();
  }, [seen]);
  return [ref, seen] as const;
}

export const altOf = (labels: readonly { name: string }[]): string => {
  const names = labels.slice(0, 4).map((label) => label.name);
  return names.length ? t("picture.withLabels", { labels: names.join(", ") }) : t("picture.picture");
};

export const flaggedText = (moderation: Picture["moderation"]): string => {
  const labels = moderation.labels.map((label) => label.name).join(", ");
  return labels ? t("picture.flaggedWhy", { labels }) : t("picture.flagged");
};

export function Pictures({ pictures, reader }: { pictures: readonly Picture[]; reader: string }) {
  if (!pictures.length) return null;
  return (
    <div class="pictures">
      {pictures.map((picture, index) => (
        <One key={picture.imageId ?? index} picture={picture} reader={reader} />
      ))}
    </div>
  );
}

export function One({ picture, reader }: { picture: Picture; reader: string }) {
  if (picture.kind === "attachment") return <Attachment picture={picture} />;
  if (picture.kind === "failed") return <Note text={t("picture.broken")} detail={picture.error} />;
  if (picture.status === "refused" || !picture.imageId)
    return <Note text={t("picture.refused")} detail={picture.reason} />;
  return <Thumbnail picture={picture} imageId={picture.imageId} reader={reader} />;
}

function Attachment({ picture }: { picture: Picture }) {
  const size = picture.bytes === undefined ? "" : bytes(picture.bytes, locale.value);
  return (
    <div class="file" data-testid="attachment">
      <Icon name="file" />
      <div>
        <p>
          {t("picture.attachment")}: {picture.contentType}
          {size && `, ${size}`}
        </p>
        {picture.note && <p class="muted small">{picture.note}</p>}
      </div>
    </div>
  );
}

function Note({ text, detail }: { text: string; detail: string | undefined }) {
  return (
    <div class="file">
      <Icon name="warning" />
      <div>
        <p>{text}</p>
        {detail && <p class="muted small">{detail}</p>}
      </div>
    </div>
  );
}

interface ThumbnailProps {
  picture: Picture;
  imageId: string;
  reader: string;
  small?: boolean;
}

/** A picture's thumbnail. Its links are asked for when it is about to be seen, because they live five minutes only. */
export function Thumbnail({ picture, imageId, reader, small }: ThumbnailProps) {
  const [ref, seen] = useSeen<HTMLDivElement>();
  const [revealed, setRevealed] = useState(!picture.moderation.flagged);
  const [open, setOpen] = useState(false);
  const size =
    picture.thumbnails.find((thumbnail) => thumbnail.size === (small ? "small" : "large")) ?? picture.thumbnails[0];
  return (
    <div class="picture" ref={ref} data-testid="picture" data-image-id={imageId}>
      <div class={`frame ${revealed ? "" : "blurred"}`}>
        <button
          type="button"
          class="frame-button"
          onClick={() => (revealed ? setOpen(true) : setRevealed(true))}
          aria-label={revealed ? `${t("picture.open")}. ${altOf(picture.labels)}` : undefined}
        >
          {seen ? (
            <Loaded imageId={imageId} small={small ?? false} width={size?.width ?? 400} height={size?.height ?? 300} />
          ) : (
            <Blank width={size?.width ?? 400} height={size?.height ?? 300} />
          )}
          {!revealed && <Cover text={flaggedText(picture.moderation)} />}
        </button>
        {revealed && picture.moderation.flagged && (
          <button type="button" class="button tiny corner" onClick={() => setRevealed(false)}>
            {t("picture.hide")}
          </button>
        )}
      </div>
      {!small && revealed && <Read picture={picture} reader={reader} />}
      {open && <PictureDialog imageId={imageId} reader={reader} onClose={() => setOpen(false)} />}
    </div>
  );
}

function Cover({ text }: { text: string }) {
  return (
    <span class="cover">
      <Icon name="eye" />
      <span>{text}</span>
      <span class="pill">{t("picture.reveal")}</span>
    </span>
  );
}

/** Holds the place of a picture, in its shape. */
const Blank = ({ width, height }: { width: number; height: number }) => (
  <svg class="blank" viewBox={`0 0 ${width} ${height}`} width={width} height={height} aria-hidden="true" />
);

function Loaded({ imageId, small, width, height }: { imageId: string; small: boolean; width: number; height: number }) {
  const { value, error } = useLoad(() => getImage(imageId), [imageId]);
  const [broken, setBroken] = useState(false);
  const link =
    value &&
    (small ? (value.links.small ?? value.links.large) : (value.links.large ?? value.links.small ?? value.links.image));
  if (error || broken)
    return (
      <span class="blank broken">
        <Icon name="picture" />
        {t("picture.failed")}
      </span>
    );
  if (!link) return <Blank width={width} height={height} />;
  return <img src={link} width={width} height={height} alt="" decoding="async" onError={() => setBroken(true)} />;
}

/** The words of a picture in the reader's language. */
export function translationFor(translations: readonly Translation[], reader: string): Translation | undefined {
  return (
    translations.find((one) => one.language === reader && one.text) ??
    translations.find((one) => one.status === "translated" && one.text && one.language.startsWith(reader))
  );
}

function Read({ picture, reader }: { picture: Picture; reader: string }) {
  const translation = translationFor(picture.translations, reader);
  const original = translation?.status !== "original" && picture.text ? picture.text : undefined;
  if (!picture.text) return null;
  return (
    <div class="read">
      {translation?.text && (
        <ReadWords
          label="picture.translationIn"
          fallback="picture.lines"
          text={translation.text}
          language={translation.language}
          testid="picture-translation"
        />
      )}
      {(original || !translation) && (
        <ReadWords
          label="picture.words"
          fallback="picture.lines"
          text={picture.text}
          language={picture.language?.code}
          testid="picture-words"
        />
      )}
    </div>
  );
}

interface ReadWordsProps {
  label: Key;
  fallback: Key;
  text: string;
  language: string | undefined;
  testid?: string;
}

export function ReadWords({ label, fallback, text, language, testid }: ReadWordsProps) {
  const name = languageName(language ?? "", uiLanguage.value);
  return (
    <div class="other-words">
      <span class="label">{name ? t(label, { language: name }) : t(fallback)}</span>
      <Words text={text} language={language} {...(testid ? { testid } : {})} />
    </div>
  );
}

export const stepNames = (image: Image): string =>
  image.failures.map(({ step }) => maybe(`report.step.${step}`) ?? step).join(", ");

export const LoadingOr = ({ error, retry }: { error: unknown; retry: () => void }) =>
  error ? <Failure error={error} retry={retry} /> : <Spinner />;
