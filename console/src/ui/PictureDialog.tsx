/** A picture in full, with what was recognised drawn over it. */
import { useEffect, useRef, useState } from "preact/hooks";
import { getImage } from "../api.ts";
import { locale, t } from "../i18n/index.ts";
import { langOf } from "../lib/format.ts";
import type { Image } from "../lib/schema.ts";
import { useLoad } from "./basics.tsx";
import { Icon } from "./icons.tsx";
import { altOf, flaggedText, LoadingOr, ReadWords, stepNames, translationFor } from "./Pictures.tsx";

/** A dialog of the browser's own: it holds the focus, closes on Escape, and gives the focus back. */
export function PictureDialog({ imageId, reader, onClose }: { imageId: string; reader: string; onClose: () => void }) {
  const ref = useRef<HTMLDialogElement>(null);
  const { value, error, retry } = useLoad(() => getImage(imageId), [imageId]);
  useEffect(() => ref.current?.showModal(), []);
  return (
    <dialog
      class="picture-dialog"
      ref={ref}
      onClose={onClose}
      aria-label={t("picture.picture")}
      data-testid="picture-dialog"
    >
      <button
        type="button"
        class="button quiet icon-only close"
        onClick={() => ref.current?.close()}
        aria-label={t("app.close")}
      >
        <Icon name="close" />
      </button>
      {value ? <Whole image={value} reader={reader} /> : <LoadingOr error={error} retry={retry} />}
    </dialog>
  );
}

export function Whole({ image, reader }: { image: Image; reader: string }) {
  const [boxes, setBoxes] = useState(true);
  const [lit, setLit] = useState("");
  const [revealed, setRevealed] = useState(!image.moderation.flagged);
  const has = image.lines.length > 0 || image.labels.some((label) => label.boxes.length);
  return (
    <div class="whole">
      <div class="stage">
        <div class={`canvas ${revealed ? "" : "blurred"}`}>
          <img
            src={image.links.image ?? image.links.large}
            width={image.image?.width}
            height={image.image?.height}
            alt={revealed ? altOf(image.labels) : flaggedText(image.moderation)}
          />
          {boxes && revealed && <Boxes image={image} lit={lit} />}
        </div>
        {!revealed && (
          <button type="button" class="button primary reveal" onClick={() => setRevealed(true)}>
            {t("picture.reveal")}
          </button>
        )}
      </div>
      <div class="findings">
        {has && (
          <label class="check">
            <input
              type="checkbox"
              checked={boxes}
              onChange={(event) => setBoxes(event.currentTarget.checked)}
              data-testid="toggle-boxes"
            />
            {t("picture.boxes")}
          </label>
        )}
        <WordsFound image={image} reader={reader} />
        <Labels image={image} onLight={setLit} />
        {image.failures.length > 0 && <p class="note">{t("picture.partial", { steps: stepNames(image) })}</p>}
        {image.links.image && (
          <p>
            <a href={image.links.image} target="_blank" rel="noopener noreferrer">
              {t("picture.original")}
            </a>
          </p>
        )}
      </div>
    </div>
  );
}

function WordsFound({ image, reader }: { image: Image; reader: string }) {
  const translation = translationFor(image.translations, reader);
  if (!image.text) return <p class="muted">{t("picture.noWords")}</p>;
  return (
    <>
      {translation?.status === "translated" && translation.text && (
        <ReadWords
          label="picture.translationIn"
          fallback="picture.lines"
          text={translation.text}
          language={translation.language}
        />
      )}
      <ReadWords label="picture.words" fallback="picture.lines" text={image.text} language={image.language?.code} />
    </>
  );
}

function Labels({ image, onLight }: { image: Image; onLight: (name: string) => void }) {
  if (!image.labels.length && image.text) return null;
  if (!image.labels.length) return <p class="muted">{t("picture.noLabels")}</p>;
  const percent = (value: number) => new Intl.NumberFormat(locale.value, { maximumFractionDigits: 0 }).format(value);
  return (
    <div>
      <h2 class="label">{t("picture.labels")}</h2>
      <ul class="labels">
        {image.labels.map(({ name, confidence }) => (
          <li key={name} onPointerEnter={() => onLight(name)} onPointerLeave={() => onLight("")}>
            <span lang="en">{name}</span>{" "}
            <span class="muted">{t("picture.sure", { percent: percent(confidence) })}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}

/** Boxes are in parts of the picture's sides: a drawing of 1 by 1 stretched over it. */
function Boxes({ image, lit }: { image: Image; lit: string }) {
  const places = image.labels.flatMap(({ name, boxes }) =>
    boxes.map((box, index) => ({ name, box, key: `${name}-${index}` })),
  );
  return (
    <svg class="boxes" viewBox="0 0 1 1" preserveAspectRatio="none" aria-hidden="true" data-testid="boxes">
      {image.lines.map((line, index) => (
        <polygon key={index} class="line" points={line.polygon.map((corner) => corner.join(",")).join(" ")}>
          <title lang={langOf(image.language?.code)}>{line.text}</title>
        </polygon>
      ))}
      {places.map(({ name, box, key }) => (
        <rect
          key={key}
          class={lit === name ? "thing lit" : "thing"}
          x={box.left}
          y={box.top}
          width={box.width}
          height={box.height}
        >
          <title lang="en">{name}</title>
        </rect>
      ))}
    </svg>
  );
}
