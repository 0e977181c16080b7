import { effect } from "@preact/signals";
import { render } from "preact";
import { App, Starting } from "./App.tsx";
import { prepare, setUp } from "./auth.ts";
import { loadConfig } from "./config.ts";
import { speak, t } from "./i18n/index.ts";
import { followTheme, settings } from "./settings.ts";
import { resume } from "./state.ts";
import "./styles/main.css";

const root = document.getElementById("app")!;

async function start(): Promise<void> {
  followTheme();
  prepare();
  await speak(settings.value.language || navigator.language).catch(() => undefined);
  render(<Starting />, root);
  try {
    const config = await loadConfig();
    setUp(config);
    await resume(config);
  } catch {
    render(
      <main class="sign-in">
        <p class="banner bad" role="alert">
          {t("app.unconfigured")}
        </p>
      </main>,
      root,
    );
    return;
  }
  effect(() => void speak(settings.value.language || navigator.language).catch(() => undefined));
  render(<App />, root);
}

void start();
