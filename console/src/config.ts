import * as v from "valibot";
import { Config } from "./lib/schema.ts";

/** Where the services are: config.json beside the page. Throws when it is missing or is not what it should be. */
export async function loadConfig(): Promise<Config> {
  const response = await fetch("config.json", { cache: "no-cache" });
  if (!response.ok) throw new Error(`config.json: ${response.status}`);
  return v.parse(Config, await response.json());
}
