// Builds the one script that serves both homes: notebooks (through anywidget) and built pages.
import { build } from "esbuild";

const outfile = process.argv[2] ?? "../attnlib/static/attnlib.js";

await build({
  entryPoints: ["src/main.js"],
  outfile,
  bundle: true,
  minify: true,
  format: "iife",
  globalName: "attnlib",
  target: "es2022",
  jsx: "automatic",
  jsxImportSource: "preact",
  legalComments: "none",
  charset: "utf8",
  banner: { js: "/* Built from js/src by `make js`. Do not edit. */" },
});
