// The book's cover: its cloth and emblem follow from the theme.

import { directionOf, draw, make } from "./elements.js";

const CLOTHS = ["green", "blue", "plum", "rust", "slate", "ochre"];

const EMBLEMS = [
	["emblem-space", "blue", "space|star|planet|moon|rocket|astronaut|galaxy|robot|comet|חלל|כוכב|כוכבים|ירח|חללית"],
	["emblem-sea", "slate", "sea|ocean|ship|boat|pirate|island|whale|mermaid|river|lighthouse|ים|ספינה|אונייה|מגדלור|אי"],
	["emblem-forest", "green", "forest|tree|wood|garden|jungle|mountain|יער|עץ|עצים|גן|הר"],
	["emblem-castle", "plum", "castle|king|queen|knight|princess|prince|magic|wizard|witch|טירה|מלך|מלכה|אביר|נסיכה|קסם"],
	["emblem-dragon", "rust", "dragon|fire|volcano|דרקון|דרקונים|אש|הר געש"],
	["emblem-animal", "ochre", "animal|dog|cat|fox|bear|horse|pet|wolf|puppy|kitten|dinosaur|חיה|חיות|כלב|חתול|שועל|דוב"],
].map(([emblem, cloth, words]) => ({ emblem, cloth, pattern: wholeWords(words) }));

// Whole words only ("ship" is not in "friendship"), with an English plural or a Hebrew article.
function wholeWords(words) {
	return new RegExp(`(?<!\\p{L})ה?(?:${words})(?:s|es)?(?!\\p{L})`, "iu");
}

const ORDINALS = "One Two Three Four Five Six Seven Eight Nine Ten Eleven Twelve".split(" ");

export const chapterName = (number) => `Chapter ${ORDINALS[number - 1] ?? number}`;

function chooseLook(text) {
	const known = EMBLEMS.find(({ pattern }) => pattern.test(text));
	if (known) return known;
	let sum = 0;
	for (const letter of text) sum = (sum * 31 + letter.codePointAt(0)) % 9973;
	return { emblem: "emblem-book", cloth: CLOTHS[sum % CLOTHS.length] };
}

/** Fills `root` with a cover: `{title, theme, chapter, reader}`, each of which may be missing. */
export function paintCover(root, { title, theme, chapter, reader }) {
	const name = title || theme || "";
	const look = chooseLook(theme || title || "");
	root.dataset.cloth = look.cloth;
	root.dir = directionOf(name) ?? "ltr";
	root.replaceChildren(
		make(
			"div.cover__frame",
			{},
			chapter ? make("p.cover__chapter", { dir: "ltr" }, chapterName(chapter)) : null,
			draw(look.emblem, "cover__emblem"),
			make("p.cover__title", { dir: "auto" }, name || "Untitled"),
			reader ? make("p.cover__reader", { dir: "auto" }, reader) : null,
		),
	);
}
