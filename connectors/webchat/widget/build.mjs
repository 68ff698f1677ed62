/**
 * Builds the widget into one file, widget.js. `node connectors/webchat/widget/build.mjs [--out DIRECTORY]`, by default
 * out/webchat; says its size as a visitor's browser loads it.
 */

import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { gzipSync } from "node:zlib";

import { build, transform } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const SYNTAX = "es2020";
const STYLES = ["chrome87", "firefox78", "safari14.1"];

const stylesAsText = {
	name: "styles-as-text",
	setup(builder) {
		builder.onLoad({ filter: /\.css$/ }, async ({ path }) => {
			const { code } = await transform(await readFile(path, "utf8"), { loader: "css", minify: true, target: STYLES });
			return { contents: code.trim(), loader: "text" };
		});
	},
};

/** The whole widget as one script, in UTF-8. */
export const widget = async () => {
	const { outputFiles } = await build({
		entryPoints: [join(here, "widget.ts")],
		bundle: true,
		minify: true,
		write: false,
		format: "iife",
		charset: "utf8",
		target: SYNTAX,
		legalComments: "none",
		plugins: [stylesAsText],
	});
	return outputFiles[0].contents;
};

if (process.argv[1] === fileURLToPath(import.meta.url)) {
	const { values } = parseArgs({ options: { out: { type: "string", default: "out/webchat" } } });
	const script = await widget();

	await mkdir(values.out, { recursive: true });
	await writeFile(join(values.out, "widget.js"), script);
	console.log(`${join(values.out, "widget.js")}: ${script.length} bytes, ${gzipSync(script, { level: 9 }).length} gzipped`);
}
