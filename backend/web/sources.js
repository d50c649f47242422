// The sources of a text: listed below it, and each beside the sentences that cite it. Only web addresses become links.

import { byId, make, makeButton } from "./elements.js";

let known = [];

/** `found` are `[{title, publisher, date, url}, …]`, or what a format makes instead, such as titles alone. */
export function showSources(found) {
	known = Array.isArray(found) ? found.map((one) => Object(typeof one === "string" ? { title: one } : one)) : [];
	byId("sources-list").replaceChildren(...known.map((one) => make("li", { dir: "auto" }, ...describe(one))));
	byId("sources").hidden = !known.length;
	document.querySelectorAll(".cite:not(:has(*))").forEach(paint);
}

/** The number of a source in the text; what it names is beside it as soon as that is known. */
export function cite(number) {
	const root = make("span.cite", { "data-source": number }, number);
	// It is put into its paragraph first, which tells whether this is the first time there.
	if (known.length) queueMicrotask(() => paint(root));
	return root;
}

function paint(root) {
	const { source: number } = root.dataset;
	const source = known[number - 1];
	if (!source || !nameOf(source)) return;
	const isFirst = root === root.closest("p, li")?.querySelector(`[data-source="${number}"]`);
	const note = make("span.note", { role: "note", tabindex: -1, dir: "auto" }, `${number} · `, ...describe(source));
	note.classList.toggle("note--margin", isFirst);
	const go = () => {
		note.classList.toggle("note--open");
		note.focus();
	};
	root.replaceChildren(makeButton(number, go, "link", { "aria-label": `Source ${number}` }), note);
	byId("sheet").classList.add("sheet--cited");
}

function describe(source) {
	const { publisher, date, url } = source;
	const name = nameOf(source);
	const about = [publisher, date].filter(Boolean).join(", ");
	return [
		isWebAddress(url) ? make("a", { href: url, target: "_blank", rel: "noopener noreferrer nofollow" }, name) : name,
		about ? make("span.sources__about", {}, ` · ${about}`) : "",
	];
}

/** Its title; of a bare address the host, and what a person can read of the path. */
function nameOf({ title, url }) {
	const name = String(title || url || "");
	if (!isWebAddress(name)) return name;
	try {
		const { host, pathname } = new URL(name);
		const parts = decodeURI(pathname).replace(/\.\w{2,5}$/, "").split("/").filter(Boolean);
		return [host.replace(/^www\./, ""), ...parts.map((part) => part.replace(/[-_+\p{C}]+/gu, " "))].join(" › ");
	} catch {
		return name;
	}
}

const isWebAddress = (text) => /^https?:\/\//i.test(text);
