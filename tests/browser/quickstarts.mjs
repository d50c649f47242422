// Bundles the programs of the quickstarts, given as JSON on the standard input: {folder, pages: {name: {code, kind}}}.
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";

const client = new URL("../../clients/typescript/", import.meta.url);
const require = createRequire(new URL("package.json", client));
const esbuild = require("esbuild");
const { folder, pages } = JSON.parse(readFileSync(0, "utf8"));
const source = (name) => new URL(`src/${name}.ts`, client).pathname;

/** A component in one file, as Vue's own compiler has it; its properties stand in the address. */
function compileVue(code) {
  const { compileScript, parse } = require("vue/compiler-sfc");
  const { descriptor } = parse(code);
  const script = compileScript(descriptor, { id: "app", inlineTemplate: true }).content;
  return `${script.replace("export default", "const App =")}\nimport { createApp } from "vue";\ncreateApp(App, Object.fromEntries(new URLSearchParams(location.search))).mount("#app");`;
}

for (const [name, { code, kind }] of Object.entries(pages)) {
  await esbuild.build({
    stdin: { contents: kind === "vue" ? compileVue(code) : code, loader: kind === "vue" ? "ts" : kind, resolveDir: client.pathname },
    outfile: `${folder}/${name}.js`,
    bundle: true,
    format: "esm",
    jsx: "automatic",
    platform: "browser",
    logLevel: "error",
    define: { "process.env.NODE_ENV": '"production"' },
    loader: { ".woff": "dataurl", ".woff2": "dataurl", ".ttf": "dataurl" },
    alias: { "@storywire/client": source("index"), "@storywire/client/react": source("react"), "@storywire/client/ai": source("ai") },
  });
  writeFileSync(`${folder}/${name}.html`, `<!doctype html><meta charset="utf-8"><div id="${kind === "vue" ? "app" : "root"}"></div><script type="module" src="${name}.js"></script>`);
}
