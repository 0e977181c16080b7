/** The frame that files are dropped into, or chosen by a button in it. */
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { Icon } from "./icons.tsx";

interface FileDropProps {
  /** What may be dropped, and the words of the button. */
  prompt: string;
  choose: string;
  /** Media types and endings, as a file input takes them. */
  accept: string;
  multiple?: boolean;
  /** At least one file. */
  onFiles: (files: File[]) => void;
  testid: string;
  children?: ComponentChildren;
}

export function FileDrop({ prompt, choose, accept, multiple = false, onFiles, testid, children }: FileDropProps) {
  const [over, setOver] = useState(false);
  const take = (files: FileList | null | undefined) => {
    const chosen = [...(files ?? [])].slice(0, multiple ? undefined : 1);
    if (chosen.length) onFiles(chosen);
  };
  return (
    <div
      class={`drop ${over ? "over" : ""}`}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        take(event.dataTransfer?.files);
      }}
      data-testid={`${testid}-drop`}
    >
      <Icon name="upload" />
      <p>
        {prompt}{" "}
        <label class="file-choice">
          <input
            type="file"
            multiple={multiple}
            accept={accept}
            onChange={(event) => {
              take(event.currentTarget.files);
              // The same file may be chosen once more, mended meanwhile.
              event.currentTarget.value = "";
            }}
            data-testid={testid}
          />
          <span>{choose}</span>
        </label>
      </p>
      {children}
    </div>
  );
}
