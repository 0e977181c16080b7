/** Pages that are fetched when they are first opened. */
import { type ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Failure, Spinner } from "./basics.tsx";

export function lazy<P extends object>(fetchPage: () => Promise<ComponentType<P>>): ComponentType<P> {
  let page: ComponentType<P> | undefined;
  return function Lazy(props: P) {
    const [state, setState] = useState<"loading" | "ready" | "failed">(page ? "ready" : "loading");
    useEffect(() => {
      if (state !== "loading") return;
      fetchPage().then(
        (found) => {
          page = found;
          setState("ready");
        },
        () => setState("failed"),
      );
    }, [state]);
    const Found = page;
    if (Found) return <Found {...props} />;
    return (
      <main class="page" id="content">
        {state === "failed" ? <Failure retry={() => location.reload()} /> : <Spinner />}
      </main>
    );
  };
}
