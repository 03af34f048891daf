/** Budgets that npm test holds figures to: the most that each may be, in bench/budgets.json. */

import { readFileSync } from "node:fs";

/** @type {Record<string, number>} */
const most = JSON.parse(readFileSync(new URL("budgets.json", import.meta.url), "utf8"));

/**
 * What breaks a budget: figures over theirs, and budgets without a figure.
 * @param {string} prefix of the names that `figures` should cover
 * @param {import("./figures.mjs").Figure[]} figures
 */
export function broken(prefix, figures) {
	return Object.entries(most)
		.filter(([name]) => name.startsWith(prefix))
		.flatMap(([name, limit]) => {
			const figure = figures.find((one) => one.name === name);
			if (!figure) return [`${name}: not measured`];
			return figure.value <= limit ? [] : [`${name}: ${figure.value} ${figure.unit} > ${limit}`];
		});
}
