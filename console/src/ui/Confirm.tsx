/** Asks whether something is really meant. */
import { useEffect, useId, useRef } from "preact/hooks";
import { Icon, type IconName } from "./icons.tsx";

interface ConfirmProps {
  title: string;
  text: string;
  keep: string;
  act: string;
  icon?: IconName;
  onClose: () => void;
  onAct: () => void;
}

export function Confirm({ title, text, keep, act, icon = "trash", onClose, onAct }: ConfirmProps) {
  const ref = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => ref.current?.showModal(), []);
  return (
    <dialog ref={ref} onClose={onClose} aria-labelledby={id} data-testid="confirm">
      <h2 id={id}>{title}</h2>
      <p>{text}</p>
      <p class="form-foot">
        <button type="button" class="button" onClick={() => ref.current?.close()}>
          {keep}
        </button>
        <button
          type="button"
          class="button danger"
          onClick={() => {
            ref.current?.close();
            onAct();
          }}
          data-testid="confirm-act"
        >
          <Icon name={icon} />
          {act}
        </button>
      </p>
    </dialog>
  );
}
