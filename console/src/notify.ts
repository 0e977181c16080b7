/** A sound and the system's notifications for what arrives, when the operator asked for them. */
import { t } from "./i18n/index.ts";
import { settings } from "./settings.ts";

let audio: AudioContext | undefined;

/** Two soft notes. */
export function chime(): void {
  audio ??= new AudioContext();
  const { currentTime, destination } = audio;
  for (const [index, frequency] of [660, 880].entries()) {
    const [tone, volume] = [audio.createOscillator(), audio.createGain()];
    const start = currentTime + index * 0.12;
    tone.frequency.value = frequency;
    volume.gain.setValueAtTime(0.0001, start);
    volume.gain.exponentialRampToValueAtTime(0.12, start + 0.02);
    volume.gain.exponentialRampToValueAtTime(0.0001, start + 0.3);
    tone.connect(volume).connect(destination);
    tone.start(start);
    tone.stop(start + 0.32);
  }
}

/** The words themselves are not in the notification: a lock screen is no place for them. */
export function signalArrival(looking: boolean, from: string): void {
  if (looking) return;
  if (settings.value.sound) chime();
  if (settings.value.notifications && "Notification" in window && Notification.permission === "granted") show(from);
}

function show(from: string): void {
  try {
    new Notification(t("live.notification"), { body: from, tag: "dragoman" });
  } catch {
    // Browsers on phones have the interface but forbid pages to use it.
  }
}

export async function askPermission(): Promise<boolean> {
  if (!("Notification" in window)) return false;
  return (await Notification.requestPermission()) === "granted";
}
