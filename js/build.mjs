// Builds the one script that serves both homes: notebooks (through anywidget) and built pages.
import { build } from "esbuild";

const outfile = process.argv[2] ?? "../attnlib/static/attnlib.js";

const COMMON = {
  bundle: true,
  minify: true,
  format: "iife",
  target: "es2022",
  legalComments: "none",
  charset: "utf8",
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
      const module = { entryPoints: [path], globalName: "exported", write: false };
      const [{ text }] = (await build({ ...COMMON, ...module })).outputFiles;
      return { contents: `export default function () { ${text} return exported; }` };
    });
  },
};

await build({
  ...COMMON,
  entryPoints: ["src/main.js"],
  outfile,
  globalName: "attnlib",
  jsx: "automatic",
  jsxImportSource: "preact",
  plugins: [functions],
  banner: { js: "/* Built from js/src by `make js`. Do not edit. */" },
});
