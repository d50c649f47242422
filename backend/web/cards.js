// A list of objects as cards: added, taken away, and moved, by dragging or by their buttons.

import { fillFields, readFields } from "./controls.js";
import { make, makeButton } from "./elements.js";

/** `makeItem(path)` gives the fields of one card. */
export function makeCards({ name, path, title, schema, makeItem, help }) {
	const { minItems: fewest = 0, maxItems: most = Infinity } = schema;
	const cards = [];
	const list = make("ol.cards");
	const add = makeButton("Add one", () => addCard(undefined, true), "button button--quiet");
	const said = make("p.unseen", { role: "status" });
	const element = make(
		"fieldset.field",
		{ "data-field": path },
		title,
		help ? make("p.field__hint", {}, help) : null,
		list,
		add,
		said,
	);

	function addCard(value, byHand = false) {
		const card = makeCard();
		cards.push(card);
		list.append(card.element);
		fillFields(card.fields, value);
		renumber();
		if (byHand) card.element.querySelector("input, textarea, select")?.focus();
	}

	function makeCard() {
		const fields = makeItem(`${path}.${cards.length}`);
		const card = { fields };
		const tool = (label, text, onclick) => makeButton(text, onclick, "cards__tool", { "data-label": label });
		card.up = tool("Move up", "↑", () => move(card, -1));
		card.down = tool("Move down", "↓", () => move(card, 1));
		card.remove = tool("Remove", "×", () => remove(card));
		card.grip = make("span.cards__grip", { draggable: "true", "aria-hidden": "true", title: "Drag to move" }, "⠿");
		const tools = make("div.cards__tools", {}, card.grip, make("span.cards__number"), card.up, card.down, card.remove);
		card.element = make("li.cards__card", { "data-field": `${path}.${cards.length}` }, tools, ...fields.map((field) => field.element));
		watchDrag(card);
		return card;
	}

	function watchDrag(card) {
		card.grip.addEventListener("dragstart", (event) => {
			event.dataTransfer.effectAllowed = "move";
			event.dataTransfer.setData("text/plain", "");
			event.dataTransfer.setDragImage(card.element, 0, 0);
			list.dragged = card;
		});
		card.grip.addEventListener("dragend", () => (list.dragged = null));
		card.element.addEventListener("dragover", (event) => {
			if (list.dragged) event.preventDefault();
		});
		card.element.addEventListener("drop", (event) => {
			if (!list.dragged) return;
			event.preventDefault();
			place(list.dragged, cards.indexOf(card));
		});
	}

	function move(card, by) {
		place(card, cards.indexOf(card) + by);
		const tool = by < 0 ? card.up : card.down;
		(tool.disabled ? (by < 0 ? card.down : card.up) : tool).focus();
	}

	function place(card, to) {
		const from = cards.indexOf(card);
		if (from === to || to < 0 || to >= cards.length) return;
		cards.splice(to, 0, ...cards.splice(from, 1));
		list.insertBefore(card.element, cards[to + 1]?.element ?? null);
		renumber();
		said.textContent = `Now number ${to + 1} of ${cards.length}`;
		changed();
	}

	function remove(card) {
		const at = cards.indexOf(card);
		cards.splice(at, 1);
		card.element.remove();
		renumber();
		(cards[Math.min(at, cards.length - 1)]?.remove ?? add).focus();
		changed();
	}

	// The service names what is wrong by place (`input.key_points.0.text`), so names follow the order.
	function renumber() {
		cards.forEach((card, place) => {
			for (const part of [card.element, ...card.element.querySelectorAll("[id], [for], [data-field]")]) {
				for (const attribute of ["id", "for", "data-field"]) {
					const value = part.getAttribute(attribute);
					if (value?.startsWith(`${path}.`)) part.setAttribute(attribute, path + value.slice(path.length).replace(/^\.\d+/, `.${place}`));
				}
			}
			card.element.querySelector(".cards__number").textContent = place + 1;
			card.up.disabled = place === 0;
			card.down.disabled = place === cards.length - 1;
			card.remove.hidden = cards.length <= fewest;
			for (const tool of [card.up, card.down, card.remove]) tool.ariaLabel = `${tool.dataset.label}: number ${place + 1}`;
		});
		add.hidden = cards.length >= most;
	}

	const changed = () => element.dispatchEvent(new Event("input", { bubbles: true }));

	function readInto(values, problems) {
		const items = cards.map((card) => readFields(card.fields, problems));
		if (items.length || fewest) values[name] = items;
	}

	function fillFrom(values) {
		cards.splice(0).forEach((card) => card.element.remove());
		for (const value of values[name] ?? schema.default ?? []) addCard(typeof value === "string" ? { text: value } : value);
		while (cards.length < fewest) addCard(undefined);
		renumber();
	}

	return { names: [name], element, readInto, fillFrom };
}
