// Builds the scripts that serve both homes: notebooks (through anywidget) and built pages. Each is complete
// in itself, so that a page asks for one: that of the figures it has. And the model in the page, which a
// figure asks for when the reader does.
import { readdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { build } from "esbuild";
import { buildKernel } from "./kernel.mjs";

const ENTRIES = "src/entries";
const outdir = process.argv[2] ?? "../attnlib/static";

const COMMON = {
  bundle: true,
  minify: true,
  format: "iife",
  target: "es2022",
  legalComments: "none",
  charset: "utf8",
};
const BANNER = { js: "/* Built from js/src by `make js`. Do not edit. */" };

/** A module imported with { type: "wasm" } is AssemblyScript, and becomes the bytes that it makes. */
const kernels = {
  name: "kernels",
  setup({ onLoad }) {
    onLoad({ filter: /\.ts$/ }, async ({ path, with: { type } }) => {
      if (type !== "wasm") return null;
      return { contents: await buildKernel(await readFile(path, "utf8")), loader: "binary" };
    });
  },
};

/**
 * A module imported with { type: "function" } becomes one function that returns what it exports and needs
 * nothing around it: a page calls it, and its text is the source of a worker. So it is there once.
 */
const functions = {
  name: "functions",
  setup({ onLoad }) {
    onLoad({ filter: /\.js$/ }, async ({ path, with: { type } }) => {
      if (type !== "function") return null;
      const module = {
        entryPoints: [path],
        globalName: "exported",
        write: false,
        plugins: [kernels],
      };
      const [{ text }] = (await build({ ...COMMON, ...module })).outputFiles;
      return { contents: `export default function () { ${text} return exported; }` };
    });
  },
};

await build({
  ...COMMON,
  entryPoints: readdirSync(ENTRIES).map((name) => `${ENTRIES}/${name}`),
  outdir,
  globalName: "attnlib",
  jsx: "automatic",
  jsxImportSource: "preact",
  plugins: [functions],
  banner: BANNER,
});

await build({
  ...COMMON,
  entryPoints: ["src/core/smollm2/index.js"],
  outfile: `${outdir}/smollm2.js`,
  globalName: "attnlibSmolLM2",
  plugins: [functions],
  banner: BANNER,
});
