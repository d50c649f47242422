// Who is here: the account with its quota, and the children to write for; nothing without accounts.

import { callIfThere } from "./api.js";
import { byId, formatDollars, make } from "./elements.js";
import { recallChild } from "./memory.js";

let hasAccounts = false;

/** Shows the account, and offers its children to the form. Who isn't signed in is sent to the account page. */
export async function learnPeople(form) {
	const options = await callIfThere("api/v1/auth/options");
	hasAccounts = Boolean(options) && options.mode !== "local";
	if (!hasAccounts) return;
	// Signed out in another window: this would fill the storage again.
	addEventListener("storage", ({ key }) => key ?? location.reload());
	const [, children] = await Promise.all([showQuota(), callIfThere("api/v1/children?limit=100")]);
	form.offerChildren(children?.children ?? [], recallChild());
}

/** What the account has used, after each run anew. */
export async function showQuota() {
	if (!hasAccounts) return;
	const me = await callIfThere("api/v1/account/me");
	if (!me) return;
	const use = me.allowance;
	const quota = use ? `${use.runs_today} of ${use.runs_a_day} texts today · ${use.runs_this_month} of ${use.runs_a_month} and ${formatDollars(use.spent_usd)} of ${formatDollars(use.usd_a_month)} this month` : "";
	byId("people").replaceChildren(
		make("span.people__quota", { id: "quota" }, quota),
		make("a.people__account", { href: "account", dir: "auto" }, me.account.email ?? "Account"),
	);
	byId("people").hidden = false;
}
