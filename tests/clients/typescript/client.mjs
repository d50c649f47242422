// The client under test: its sources where Node strips types, else what the compiler made of them.
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const folder = new URL("../../../clients/typescript/", import.meta.url);
const sources = Boolean(process.features.typescript);

/** A module of the client. */
export function load(name) {
  return import(new URL(sources ? `src/${name}.ts` : `dist/${name}.js`, folder));
}

/** A package that the client is tested with; null where it isn't installed. */
export async function packaged(name) {
  try {
    return await import(pathToFileURL(createRequire(new URL("package.json", folder)).resolve(name)));
  } catch (error) {
    if (error.code === "MODULE_NOT_FOUND") return null;
    throw error;
  }
}
